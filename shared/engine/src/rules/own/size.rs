use crate::{
    Faults,
    document::{At, Object},
    rules::model::Sizes,
};

/// The fields of an object with the bounds of a file's size.
pub(super) const FIELDS: &[&str] = &["min", "max"];

/// Reads `min` and `max`.
pub(super) fn read(at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Sizes> {
    let mut size = |name: &str| match object.set(name) {
        Some(size) => {
            let text = size.text(faults)?;
            let megabytes = parse(text);
            if megabytes.is_none() {
                faults.at(&size, format!("expected a size such as 200 kB or 1.5 MB, found {text:?}"));
            }
            megabytes.map(Some)
        }
        None => Some(None),
    };
    let (min, max) = (size("min"), size("max"));
    let (min, max) = (min?, max?);
    if let (Some(least), Some(most)) = (min, max)
        && least > most
    {
        faults.at(at, "no size is at least min and at most max");
        return None;
    }
    Some(Sizes { min, max })
}

/// The megabytes of `1.5 MB`, `200 kB` or `100 B`; each unit is 1,024 of the one before.
fn parse(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let parts = match text[number.len()..].to_ascii_lowercase().as_str() {
        "mb" => 1.0,
        "kb" => 1024.0,
        "b" => 1_048_576.0,
        _ => return None,
    };
    let number = number.trim_end();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let size = number.parse::<f64>().ok().filter(|size| digits && size.is_finite())?;
    Some(size / parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_number_and_a_unit() {
        assert_eq!(parse("1.5 MB"), Some(1.5));
        assert_eq!(parse("512kB"), Some(0.5));
        assert_eq!(parse("1048576 b"), Some(1.0));
        for no in ["", "MB", "10", "-1 MB", "1e3 MB", "inf MB", "1 GB", "1,5 MB", "1 м"] {
            assert_eq!(parse(no), None, "{no:?}");
        }
    }
}
