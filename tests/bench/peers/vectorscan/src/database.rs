use std::{
    error::Error,
    ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void},
    ptr,
};

use serde_json::Value;

const SINGLE_MATCH: c_uint = 8;
const UTF8: c_uint = 32;
const MODE_BLOCK: c_uint = 1;

#[repr(C)]
struct CompileError {
    message: *mut c_char,
    expression: c_int,
}

type OnMatch = extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

unsafe extern "C" {
    fn hs_compile_multi(
        expressions: *const *const c_char,
        flags: *const c_uint,
        ids: *const c_uint,
        count: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut CompileError,
    ) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        on_match: OnMatch,
        context: *mut c_void,
    ) -> c_int;
}

/// All rules, compiled. It lives as long as the process.
pub struct Database {
    database: *mut c_void,
    scratch: *mut c_void,
}

impl Database {
    pub fn new(rules: &[Value]) -> Result<Self, Box<dyn Error>> {
        let (mut patterns, mut flags) = (Vec::new(), Vec::new());
        for rule in rules {
            let pattern = rule["pattern"].as_str().ok_or("a rule has no text \"pattern\"")?;
            // In lower case a literal is plain bytes; an expression's classes and counted gaps are about characters.
            if rule["kind"] == "literal" {
                patterns.push(CString::new(regex_syntax::escape(pattern))?);
                flags.push(SINGLE_MATCH);
            } else {
                patterns.push(CString::new(pattern)?);
                flags.push(SINGLE_MATCH | UTF8);
            }
        }
        let pointers: Vec<_> = patterns.iter().map(|pattern| pattern.as_ptr()).collect();
        let count = c_uint::try_from(patterns.len())?;
        let ids: Vec<c_uint> = (0..count).collect();
        let (mut database, mut scratch, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the arrays have `count` elements each and outlive the call; what comes back is checked.
        unsafe {
            let compiled = hs_compile_multi(
                pointers.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                count,
                MODE_BLOCK,
                ptr::null(),
                &mut database,
                &mut error,
            );
            if compiled != 0 {
                let CompileError { message, expression } = &*error;
                return Err(
                    format!("rule {expression}: {}", CStr::from_ptr(*message).to_string_lossy()).into()
                );
            }
            if hs_alloc_scratch(database, &mut scratch) != 0 {
                return Err("no memory for scanning".into());
            }
        }
        Ok(Self { database, scratch })
    }

    /// The first rule that matches: all that match are reported, and the smallest number is kept.
    pub fn first(&self, text: &[u8]) -> Option<usize> {
        extern "C" fn keep(
            id: c_uint,
            _: c_ulonglong,
            _: c_ulonglong,
            _: c_uint,
            best: *mut c_void,
        ) -> c_int {
            // SAFETY: it is the `best` below, which nothing else refers to during the scan.
            let best = unsafe { &mut *best.cast::<c_uint>() };
            *best = id.min(*best);
            0
        }
        let mut best = c_uint::MAX;
        let length = c_uint::try_from(text.len()).ok()?;
        // SAFETY: database and scratch came from vectorscan, and only this thread scans.
        unsafe {
            let context = ptr::from_mut(&mut best).cast();
            hs_scan(self.database, text.as_ptr().cast(), length, 0, self.scratch, keep, context);
        }
        (best != c_uint::MAX).then_some(best as usize)
    }
}
