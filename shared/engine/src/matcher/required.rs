use regex_syntax::hir::{Class, Hir, HirKind};

use super::fold::{count_folding_to, fold};

/// Folded texts of which one is in every message that a pattern matches.
pub(super) type Alternatives = Vec<String>;

/// How many texts a set of alternatives may have: a pattern with more choices is cheaper to look at than to look up.
const ALTERNATIVES_MAX: usize = 24;
/// How many characters a class may fold to and still be taken for alternatives.
const CLASS_MAX: usize = 4;

/// What a pattern cannot match without.
#[derive(Debug, Default)]
pub(super) struct Required {
    /// For each of these, one of the alternatives is in the folded message.
    pub all: Vec<Alternatives>,
    /// Whether the first of them is all that the pattern asks: a message that has one of the alternatives matches.
    pub sufficient: bool,
}

/// Takes a pattern apart.
pub(super) fn required(hir: &Hir) -> Required {
    let mut walk = Walk { run: vec![String::new()], all: Vec::new(), whole: true };
    walk.pass(hir);
    let whole = walk.whole;
    walk.end_run();
    Required { sufficient: whole && walk.all.len() == 1, all: walk.all }
}

struct Walk {
    /// What may stand directly before the place that the walk has come to.
    run: Vec<String>,
    all: Vec<Alternatives>,
    /// Whether all that was passed is in `run`, with nothing lost by folding.
    whole: bool,
}

impl Walk {
    fn pass(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.pass(part)),
            HirKind::Capture(capture) => self.pass(&capture.sub),
            HirKind::Empty => {}
            // It takes up no room, so that what is before it and what is behind it touch.
            HirKind::Look(_) => self.whole = false,
            _ => {
                if let Some(exact) = exact(hir) {
                    self.append(exact);
                } else {
                    self.end_run();
                    self.inner(hir);
                    self.whole = false;
                }
            }
        }
    }

    fn append(&mut self, Exact { texts, lossless }: Exact) {
        self.whole &= lossless;
        if self.run.len() * texts.len() > ALTERNATIVES_MAX {
            self.end_run();
            self.run = texts;
            return;
        }
        let longer = self.run.iter().flat_map(|run| texts.iter().map(move |text| format!("{run}{text}")));
        self.run = longer.collect();
    }

    /// Adds what is required inside of something that is not a few texts.
    fn inner(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                self.pass(&repetition.sub);
                self.end_run();
            }
            HirKind::Alternation(branches) => {
                let mut union = Vec::new();
                for branch in branches {
                    // The branch's set that says most: the one whose shortest text is longest.
                    let sets = required(branch).all.into_iter();
                    let Some(best) = sets.max_by_key(|set| set.iter().map(String::len).min()) else { return };
                    union.extend(best);
                    if union.len() > ALTERNATIVES_MAX {
                        return;
                    }
                }
                self.add(union);
            }
            _ => {}
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::replace(&mut self.run, vec![String::new()]);
        if run.iter().any(String::is_empty) {
            self.whole = false;
            return;
        }
        self.whole &= self.all.is_empty();
        self.add(run);
    }

    fn add(&mut self, mut set: Alternatives) {
        set.sort_unstable();
        set.dedup();
        self.all.push(set);
    }
}

/// The few texts that a part of a pattern stands for.
struct Exact {
    /// Folded.
    texts: Vec<String>,
    /// Whether all that folds to one of the texts is matched.
    lossless: bool,
}

fn exact(hir: &Hir) -> Option<Exact> {
    let empty = || Exact { texts: vec![String::new()], lossless: true };
    match hir.kind() {
        HirKind::Empty => Some(empty()),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            let lossless = text.chars().all(|char| count_folding_to(fold(char)) == 1);
            Some(Exact { texts: vec![text.chars().map(fold).collect()], lossless })
        }
        HirKind::Class(class) => exact_class(class),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => {
            let mut whole = empty();
            for part in parts {
                let Exact { texts, lossless } = exact(part)?;
                if whole.texts.len() * texts.len() > ALTERNATIVES_MAX {
                    return None;
                }
                let joined = whole
                    .texts
                    .iter()
                    .flat_map(|before| texts.iter().map(move |text| format!("{before}{text}")));
                whole = Exact { texts: joined.collect(), lossless: whole.lossless && lossless };
            }
            Some(whole)
        }
        HirKind::Alternation(branches) => {
            let mut whole = Exact { texts: Vec::new(), lossless: true };
            for branch in branches {
                let Exact { texts, lossless } = exact(branch)?;
                whole.texts.extend(texts);
                whole.lossless &= lossless;
                if whole.texts.len() > ALTERNATIVES_MAX {
                    return None;
                }
            }
            Some(whole)
        }
        HirKind::Repetition(repetition) if repetition.min == 0 && repetition.max == Some(1) => {
            let mut whole = exact(&repetition.sub)?;
            whole.texts.push(String::new());
            Some(whole)
        }
        HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

fn exact_class(class: &Class) -> Option<Exact> {
    let Class::Unicode(class) = class else { return None };
    let count: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
    if count == 0 || count > CLASS_MAX * 4 {
        return None;
    }
    let mut folded: Vec<char> =
        class.iter().flat_map(|range| range.start()..=range.end()).map(fold).collect();
    folded.sort_unstable();
    folded.dedup();
    let lossless = count == folded.iter().map(|char| count_folding_to(*char)).sum::<usize>();
    (folded.len() <= CLASS_MAX)
        .then(|| Exact { texts: folded.into_iter().map(String::from).collect(), lossless })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &[&[&str]], sufficient: bool) {
        let found = required(&regex_syntax::parse(pattern).unwrap());
        assert_eq!(found.all, expected.iter().map(|set| set.to_vec()).collect::<Vec<_>>(), "{pattern}");
        assert_eq!(found.sufficient, sufficient, "{pattern}");
    }

    #[test]
    fn what_a_pattern_needs_is_found() {
        check("(?i)Hello", &[&["hello"]], true);
        check("(?i)сколько стоит", &[&["сколько стоит"]], true);
        check("Hello", &[&["hello"]], false);
        check("123", &[&["123"]], true);
        check("(?i)how (?:do|can) i", &[&["how can i", "how do i"]], true);
        check("(?i)a.+b", &[&["a"], &["b"]], false);
        check("(?i)^a(?: b)?$", &[&["a", "a b"]], false);
        check("[0-9]+ x", &[&[" x"]], false);
        check(".*", &[], false);
        check("(?i)x?", &[], false);
        check("(?i)(ab)+", &[&["ab"]], false);
        check("(?i)(?:a[^x]|b.c)", &[&["a", "c"]], false);
        check("a|b.|.", &[], false);
        check("(?i)ab\\bcd", &[&["abcd"]], false);
    }
}
