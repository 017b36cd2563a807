use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::alphabet::{
    CARRIAGE_RETURN, LINE_FEED, Letter, Set, Sets, Side, WORD_ASCII, WORD_CHARACTER, letters,
};

/// How many states a machine may have, and how often it may be stepped in one search.
const STATES: usize = 10_000;

/// A pattern is too large, or of bytes that are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsupported;

/// A state of the machine that reads a text character by character.
#[derive(Debug)]
pub(super) enum State {
    /// Goes on behind a character of this set.
    Read(usize, u32),
    /// Goes on in each of these.
    Split(Vec<u32>),
    /// Goes on if this holds between the last character and the next one.
    Look(Look, u32),
    /// A pattern of the goal has been found.
    Found,
}

/// Several goals, each a choice of patterns that are looked for anywhere in a text, in one machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub states: Vec<State>,
    /// The goal that each state is a part of.
    pub goals: Vec<u8>,
    /// Where each goal begins.
    pub starts: Vec<u32>,
    pub letters: Vec<Letter>,
}

/// Makes a machine of goals.
pub(super) fn machine<'h>(
    goals: impl IntoIterator<Item = impl IntoIterator<Item = &'h Hir>>,
) -> Result<Machine, Unsupported> {
    let mut builder = Builder { states: Vec::new(), goals: Vec::new(), sets: Sets::default(), goal: 0 };
    let mut starts = Vec::new();
    for goal in goals {
        builder.goal = u8::try_from(starts.len()).map_err(|_| Unsupported)?;
        let found = builder.state(State::Found)?;
        let patterns = goal.into_iter().map(|hir| builder.add(hir, found)).collect::<Result<_, _>>()?;
        starts.push(builder.state(State::Split(patterns))?);
    }
    let Builder { states, goals, sets, .. } = builder;
    Ok(Machine { states, goals, starts, letters: letters(sets) })
}

struct Builder {
    states: Vec<State>,
    goals: Vec<u8>,
    sets: Sets,
    goal: u8,
}

impl Builder {
    fn state(&mut self, state: State) -> Result<u32, Unsupported> {
        if self.states.len() >= STATES {
            return Err(Unsupported);
        }
        self.states.push(state);
        self.goals.push(self.goal);
        u32::try_from(self.states.len() - 1).map_err(|_| Unsupported)
    }

    /// Adds what reads `hir` and goes on with `next`; returns where it begins.
    fn add(&mut self, hir: &Hir, next: u32) -> Result<u32, Unsupported> {
        match hir.kind() {
            HirKind::Empty => Ok(next),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).map_err(|_| Unsupported)?;
                text.chars().rev().try_fold(next, |next, char| self.read(vec![(char, char)], next))
            }
            HirKind::Class(Class::Unicode(class)) => {
                self.read(class.ranges().iter().map(|range| (range.start(), range.end())).collect(), next)
            }
            HirKind::Class(Class::Bytes(class)) => {
                if !class.is_ascii() {
                    return Err(Unsupported);
                }
                let ranges = class.ranges().iter();
                self.read(ranges.map(|range| (range.start().into(), range.end().into())).collect(), next)
            }
            HirKind::Look(look) => {
                self.sets.look_at(looks_at(*look));
                self.state(State::Look(*look, next))
            }
            HirKind::Capture(capture) => self.add(&capture.sub, next),
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.add(part, next)),
            HirKind::Alternation(branches) => {
                let branches = branches.iter().map(|branch| self.add(branch, next));
                let branches = branches.collect::<Result<_, _>>()?;
                self.state(State::Split(branches))
            }
            HirKind::Repetition(repetition) => self.repeat(repetition, next),
        }
    }

    fn repeat(
        &mut self,
        Repetition { min, max, sub, .. }: &Repetition,
        next: u32,
    ) -> Result<u32, Unsupported> {
        let mut entry = next;
        match max {
            None => {
                entry = self.state(State::Split(vec![next]))?;
                let body = self.add(sub, entry)?;
                self.states[entry as usize] = State::Split(vec![body, next]);
            }
            Some(max) => {
                for _ in *min..*max {
                    let body = self.add(sub, entry)?;
                    entry = self.state(State::Split(vec![body, next]))?;
                }
            }
        }
        (0..*min).try_fold(entry, |entry, _| self.add(sub, entry))
    }

    fn read(&mut self, set: Set, next: u32) -> Result<u32, Unsupported> {
        let set = self.sets.number(set);
        self.state(State::Read(set, next))
    }
}

/// What an assertion wants to know of the characters beside it.
const fn looks_at(look: Look) -> Side {
    match look {
        Look::Start | Look::End => 0,
        Look::StartLF | Look::EndLF => LINE_FEED,
        Look::StartCRLF | Look::EndCRLF => LINE_FEED | CARRIAGE_RETURN,
        Look::WordAscii
        | Look::WordAsciiNegate
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii => WORD_ASCII,
        Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => WORD_CHARACTER,
    }
}

/// Whether an assertion holds between two characters.
pub(super) const fn holds(look: Look, before: Side, behind: Side) -> bool {
    let ascii = (before & WORD_ASCII != 0, behind & WORD_ASCII != 0);
    let word = (before & WORD_CHARACTER != 0, behind & WORD_CHARACTER != 0);
    let (line_before, line_behind) = (before & LINE_FEED != 0, behind & LINE_FEED != 0);
    let (return_before, return_behind) = (before & CARRIAGE_RETURN != 0, behind & CARRIAGE_RETURN != 0);
    match look {
        Look::Start => before == 0,
        Look::End => behind == 0,
        Look::StartLF => before == 0 || line_before,
        Look::EndLF => behind == 0 || line_behind,
        Look::StartCRLF => before == 0 || line_before || (return_before && !line_behind),
        Look::EndCRLF => behind == 0 || return_behind || (line_behind && !return_before),
        Look::WordAscii => ascii.0 != ascii.1,
        Look::WordAsciiNegate => ascii.0 == ascii.1,
        Look::WordStartAscii => !ascii.0 && ascii.1,
        Look::WordEndAscii => ascii.0 && !ascii.1,
        Look::WordStartHalfAscii => !ascii.0,
        Look::WordEndHalfAscii => !ascii.1,
        Look::WordUnicode => word.0 != word.1,
        Look::WordUnicodeNegate => word.0 == word.1,
        Look::WordStartUnicode => !word.0 && word.1,
        Look::WordEndUnicode => word.0 && !word.1,
        Look::WordStartHalfUnicode => !word.0,
        Look::WordEndHalfUnicode => !word.1,
    }
}
