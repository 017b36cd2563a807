//! Which of the languages of an answer a person is answered in.

use std::sync::{Arc, LazyLock};

/// The scripts that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Latin,
    Cyrillic,
}

/// What a text shows of the language that it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writing {
    script: Script,
    /// The letters of Cyrillic in it that not every language has: bits at their places in [`TELLING`].
    telling: u32,
}

/// Letters that some of the languages in [`ALPHABETS`] have and others have not.
const TELLING: &str = "ыэёъіїєґўщи";

/// What each language has of [`TELLING`]. Whatever else is written in Cyrillic may have them all.
const ALPHABETS: &[(&str, &str)] =
    &[("ru", "ыэёъщи"), ("uk", "іїєґщи"), ("be", "ыэёіў"), ("bg", "ъщи"), ("mk", "и"), ("sr", "и")];

impl Writing {
    /// What `text` shows; `None` if it has no letters of either script.
    ///
    /// A Cyrillic letter counts for two: names of products stand in Latin letters in the middle of Russian, and hardly
    /// anything stands in Cyrillic ones in the middle of English.
    pub fn of(text: &str) -> Option<Self> {
        let (mut latin, mut cyrillic, mut telling) = (0_usize, 0_usize, 0);
        for char in text.chars() {
            match char {
                // Signs and accents, among the letters.
                '\u{482}'..='\u{489}' => {}
                '\u{400}'..='\u{52f}' => {
                    cyrillic += 1;
                    telling |= bit(char);
                }
                'a'..='z' | 'A'..='Z' => latin += 1,
                '\u{80}'..='\u{24f}' if char.is_alphabetic() => latin += 1,
                _ => {}
            }
        }
        match (latin, cyrillic) {
            (0, 0) => None,
            _ if cyrillic * 2 >= latin => Some(Self { script: Script::Cyrillic, telling }),
            _ => Some(Self { script: Script::Latin, telling }),
        }
    }

    /// Whether it is in the script of `language`.
    fn is_in_script_of(self, language: &str) -> bool {
        script_of(language) == self.script
    }

    /// Whether `language` has the letters that it is written in.
    fn may_be(self, language: &str) -> bool {
        let main = main(language);
        let alphabet = ALPHABETS.iter().find(|(known, _)| main.eq_ignore_ascii_case(known));
        let lacks =
            |letters: &str| self.telling & !letters.chars().map(bit).fold(0, |all, bit| all | bit) != 0;
        self.is_in_script_of(language)
            && (self.script == Script::Latin || !alphabet.is_some_and(|(_, letters)| lacks(letters)))
    }
}

/// The bit of a letter in either case; 0 for those that tell nothing.
fn bit(char: char) -> u32 {
    /// Those of the letters from [`CYRILLIC`].
    static BITS: LazyLock<Vec<u32>> = LazyLock::new(|| {
        let bit = |char: char| {
            let small = char.to_lowercase().next().unwrap_or(char);
            TELLING.chars().position(|telling| telling == small).map_or(0, |place| 1 << place)
        };
        (CYRILLIC..='\u{52f}').map(bit).collect()
    });
    let place = (char as usize).checked_sub(CYRILLIC as usize);
    place.and_then(|place| BITS.get(place)).copied().unwrap_or_default()
}

/// Where Cyrillic begins.
const CYRILLIC: char = '\u{400}';

fn main(language: &str) -> &str {
    language.split('-').next().unwrap_or_default()
}

/// The script that `language`, an IETF tag, is written in.
fn script_of(language: &str) -> Script {
    let says = |script: &str| language.split('-').skip(1).any(|part| part.eq_ignore_ascii_case(script));
    match main(language).to_ascii_lowercase().as_str() {
        _ if says("Cyrl") => Script::Cyrillic,
        _ if says("Latn") => Script::Latin,
        "be" | "bg" | "kk" | "ky" | "mk" | "mn" | "ru" | "sr" | "tg" | "uk" => Script::Cyrillic,
        _ => Script::Latin,
    }
}

/// The place in `languages` of the one to answer in: the person's `own` if what the person writes may be in it, else
/// the first that it may be in, else the first in its script, else the person's own. `None` if nothing tells.
pub(crate) fn choose(languages: &[Arc<str>], own: Option<&str>, writing: Option<Writing>) -> Option<usize> {
    let own = own.and_then(|own| nearest(languages, own));
    let Some(writing) = writing else { return own };
    let first = |fits: &dyn Fn(&str) -> bool| languages.iter().position(|language| fits(language));
    own.filter(|own| writing.may_be(&languages[*own]))
        .or_else(|| first(&|language| writing.may_be(language)))
        .or_else(|| first(&|language| writing.is_in_script_of(language)))
        .or(own)
}

/// The place of `wanted`, else of the language that it is a kind of, else of another kind of that.
fn nearest(languages: &[Arc<str>], wanted: &str) -> Option<usize> {
    let first = |fits: &dyn Fn(&str) -> bool| languages.iter().position(|language| fits(language));
    first(&|language| language.eq_ignore_ascii_case(wanted))
        .or_else(|| first(&|language| language.eq_ignore_ascii_case(main(wanted))))
        .or_else(|| first(&|language| main(language).eq_ignore_ascii_case(main(wanted))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(languages: &[&str], own: Option<&str>, text: &str, expected: &str) {
        let languages: Vec<Arc<str>> = languages.iter().map(|language| (*language).into()).collect();
        let chosen = choose(&languages, own, Writing::of(text)).unwrap_or(0);
        assert_eq!(&*languages[chosen], expected, "{own:?} {text:?}");
    }

    #[test]
    fn the_script_is_that_of_most_letters() {
        for (text, script) in [
            ("привет hi", Some(Script::Cyrillic)),
            ("есть на Android?", Some(Script::Cyrillic)),
            ("hello, как дела in English it is", Some(Script::Latin)),
            ("👋 123", None),
        ] {
            assert_eq!(Writing::of(text).map(|writing| writing.script), script, "{text}");
        }
    }

    #[test]
    fn russian_and_ukrainian_are_told_apart_by_their_letters() {
        for languages in [["en", "ru", "uk"], ["uk", "ru", "en"]] {
            check(&languages, None, "скільки коштує?", "uk");
            check(&languages, None, "Є питання", "uk");
            check(&languages, None, "а вы кто?", "ru");
            check(&languages, Some("ru"), "скільки коштує?", "uk");
            check(&languages, Some("uk"), "это что?", "ru");
            check(&languages, Some("uk"), "привет", "uk");
            check(&languages, Some("ru"), "привет", "ru");
            check(&languages, Some("uk"), "hello", "en");
        }
        // Nothing tells: the first in the script.
        check(&["en", "ru", "uk"], None, "привет", "ru");
        check(&["en", "uk", "ru"], None, "привет", "uk");
        check(&["en", "ru"], None, "скільки коштує?", "ru");
        check(&["en", "ru", "be"], None, "колькі каштуе ў вас", "be");
    }

    #[test]
    fn a_kind_of_a_language_is_served_by_the_nearest() {
        check(&["en", "pt", "pt-BR"], Some("pt-BR"), "quanto custa?", "pt-BR");
        check(&["en", "pt-BR", "pt"], Some("pt"), "quanto custa?", "pt");
        check(&["en", "pt-BR", "pt"], Some("pt-PT"), "quanto custa?", "pt");
        check(&["en", "pt-BR"], Some("pt"), "quanto custa?", "pt-BR");
        check(&["en", "pt-BR"], Some("PT-br"), "👋", "pt-BR");
    }

    #[test]
    fn an_unknown_language_falls_to_the_first() {
        check(&["en", "de"], Some("ja"), "こんにちは", "en");
        check(&["en", "de"], Some("ja"), "hello", "en");
        check(&["de", "ru"], None, "👋", "de");
        check(&["de", "ru"], Some("fr"), "bonjour", "de");
        check(&["ru"], None, "hello", "ru");
    }

    #[test]
    fn a_tag_may_name_the_script() {
        check(&["en", "sr-Latn", "sr"], None, "здраво", "sr");
        check(&["uz-Cyrl", "en"], Some("uz"), "qalaysiz", "en");
    }
}
