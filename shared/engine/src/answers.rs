//! Texts with variations: several ways to say one thing, in one language or in several.

use std::sync::Arc;

use crate::{
    Attachment, AttachmentKind, Faults,
    chance::Stream,
    document::{At, Object, Value, is_plain_name},
    language::{self, Writing},
    limits,
    template::Template,
};

/// The ways to say one thing; at least one.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    /// What tells this answer from others, in the memory of what was used.
    id: u64,
    variations: Vec<Variation>,
    /// The languages that the variations are in, in the order of the document; empty if they are in none.
    languages: Vec<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Variation {
    text: Template,
    media: Option<Attachment>,
    weight: u32,
    /// Tells this variation from its siblings, for as long as its text and what it shows stay.
    hash: u32,
    /// The place of its language in `Answers::languages`.
    language: usize,
}

/// A variation that was chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'a> {
    /// Its place among all variations.
    pub index: u16,
    pub text: &'a Template,
    /// The text is its caption, and may be empty.
    pub media: Option<&'a Attachment>,
    /// The language that it is in, if it is said.
    pub language: Option<&'a Arc<str>>,
    /// How many there were to choose from that this person had not been given.
    pub fresh: usize,
}

/// What is known of the language that a person wants to be spoken to in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// What the person writes.
    pub writing: Option<Writing>,
    /// The language that the person set.
    pub language: Option<&'a str>,
}

const VARIATION_FIELDS: &[&str] = &["text", "photo", "document", "weight"];

impl Answers {
    /// Reads a text, a list of variations, or a map from languages to either. `id` tells the answer from others.
    pub fn read(at: &At<'_>, id: &[&str], faults: &mut Faults) -> Option<Self> {
        let mut answers = Self { id: hash(id), variations: Vec::new(), languages: Vec::new() };
        let Value::Map(fields) = &at.node.value else {
            return answers.read_list(at, 0, faults).and_then(|()| answers.checked(at, faults));
        };
        if fields.iter().any(|(key, _)| VARIATION_FIELDS.contains(&key.text.as_str())) {
            return answers.read_variation(at, 0, faults).and_then(|()| answers.checked(at, faults));
        }
        if fields.is_empty() {
            faults.at(at, "expected a text, a list of texts, or a map from languages to them");
            return None;
        }
        let mut complete = Some(());
        for (key, field) in at.fields() {
            if !is_language(&key.text) {
                let reason = format!("expected a language such as en or pt-BR, found {:?}", key.text);
                faults.push(key.mark, field.pointer(), reason);
                complete = None;
                continue;
            }
            answers.languages.push(key.text.as_str().into());
            let read = answers.read_list(&field, answers.languages.len() - 1, faults);
            complete = complete.and(read);
        }
        complete.and_then(|()| answers.checked(at, faults))
    }

    fn read_list(&mut self, at: &At<'_>, language: usize, faults: &mut Faults) -> Option<()> {
        if !at.is_list() {
            return self.read_variation(at, language, faults);
        }
        let mut complete = Some(());
        let mut items = at.items().peekable();
        if items.peek().is_none() {
            faults.at(at, "the list of answers is empty");
            return None;
        }
        for item in items {
            complete = complete.and(self.read_variation(&item, language, faults));
        }
        complete
    }

    fn read_variation(&mut self, at: &At<'_>, language: usize, faults: &mut Faults) -> Option<()> {
        if !at.is_map() {
            let (written, text) = read_template(at, limits::TEXT_UTF16, faults)?;
            self.variations.push(Variation {
                text,
                media: None,
                weight: 1,
                hash: short(&[written]),
                language,
            });
            return Some(());
        }
        let object = at.object(VARIATION_FIELDS, faults)?;
        let weight = match object.set("weight") {
            Some(weight) => weight.whole(1..=1_000_000, faults)?,
            None => 1,
        };
        let media = Self::read_media(at, &object, faults);
        let length_max = if media.is_some() { limits::CAPTION_UTF16 } else { limits::TEXT_UTF16 };
        let (written, text) = match object.set("text") {
            None if media.is_some() => ("", Template::default()),
            _ => read_template(&object.required("text", faults)?, length_max, faults)?,
        };
        let hash = match &media {
            None => short(&[written]),
            Some(media) => short(&[written, media.kind.as_str(), &media.name]),
        };
        self.variations.push(Variation { text, media, weight, hash, language });
        Some(())
    }

    /// What a variation shows beside its text. What is wrong with it is in `faults`.
    fn read_media(at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Attachment> {
        let kinds = [AttachmentKind::Photo, AttachmentKind::Document];
        let mut found = kinds.into_iter().filter_map(|kind| Some((kind, object.set(kind.as_str())?)));
        let (kind, field) = found.next()?;
        if found.next().is_some() {
            faults.at(at, "an answer shows a photo or a document, not both");
        }
        let name = field.text(faults)?;
        if !is_plain_name(name) {
            let reason = format!("{name:?} is no name of a file to send: use 1 to 64 of a-z, 0-9, - and _");
            faults.at(&field, reason);
        }
        let name: Arc<str> = name.into();
        faults.media(&field, &name);
        Some(Attachment { kind, name })
    }

    fn checked(self, at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        if self.variations.len() > limits::VARIATIONS {
            let reason = format!("an answer has at most {} variations", limits::VARIATIONS);
            faults.at(at, reason);
            return None;
        }
        Some(self)
    }

    /// Chooses a variation in the wanted language, by weight, from those that this person was not given; from all but
    /// the last if there are none left. What was chosen is noted in the list that `used` gives for this answer; it is
    /// not asked for if there is nothing to choose.
    pub fn choose<'u>(
        &self,
        wanted: Wanted<'_>,
        used: impl FnOnce(u64) -> &'u mut Vec<u32>,
        mut chance: Stream,
    ) -> Chosen<'_> {
        let language = self.language(wanted);
        let spoken = || {
            self.variations.iter().enumerate().filter(move |(_, variation)| variation.language == language)
        };
        let count = spoken().count();
        let (index, variation, fresh) = if count <= 1 {
            let (index, variation) = spoken().next().expect("each language has a variation");
            (index, variation, count)
        } else {
            let used = used(self.id ^ mix(language));
            let known = spoken().filter(|(_, variation)| used.contains(&variation.hash)).count();
            if known == count {
                // All were used: only the last one must not be repeated at once.
                let last = used.pop();
                used.clear();
                used.extend(last);
            }
            let fresh: Vec<_> = spoken().filter(|(_, variation)| !used.contains(&variation.hash)).collect();
            let (index, variation) = match fresh.as_slice() {
                // Two variations may have the same text, so that the last one stands for all.
                [] => spoken().next().expect("there is more than one"),
                fresh => fresh[chance.weighted(fresh.iter().map(|(_, variation)| variation.weight))],
            };
            // What is no longer in the content is forgotten, which bounds the list.
            used.retain(|hash| {
                spoken().any(|(_, variation)| variation.hash == *hash) && *hash != variation.hash
            });
            used.push(variation.hash);
            (index, variation, fresh.len())
        };
        let index = u16::try_from(index).expect("the number of variations is bounded at load");
        let (text, media) = (&variation.text, variation.media.as_ref());
        Chosen { index, text, media, language: self.languages.get(language), fresh }
    }

    /// The place of the language to answer in.
    fn language(&self, wanted: Wanted<'_>) -> usize {
        language::choose(&self.languages, wanted.language, wanted.writing).unwrap_or(0)
    }

    /// How many languages there are; 0 if the texts are in none.
    pub const fn language_count(&self) -> usize {
        self.languages.len()
    }

    /// The language that a person who wants `wanted` is answered in; `None` if there is only one way.
    pub fn spoken(&self, wanted: Wanted<'_>) -> Option<&Arc<str>> {
        self.languages.get(self.language(wanted))
    }
}

fn mix(language: usize) -> u64 {
    u64::try_from(language).expect("a count fits 64 bits").wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// 64-bit FNV-1a: what is stored with it has to be found again by every later version.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A hash for telling the few variations of one answer apart.
fn short(parts: &[&str]) -> u32 {
    u32::try_from(hash(parts) & u64::from(u32::MAX)).expect("it was masked to 32 bits")
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let main = parts.next().unwrap_or_default();
    (2..=3).contains(&main.len())
        && main.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Reads a text that Telegram would send, however its alternatives fall out: not blank, and at most `length_max` UTF-16
/// units before values are put in.
fn read_template<'a>(at: &At<'a>, length_max: usize, faults: &mut Faults) -> Option<(&'a str, Template)> {
    let text = at.text(faults)?;
    let template = match Template::parse(text) {
        Ok(_) if text.len() > limits::TEMPLATE_BYTES => {
            Err(format!("a text with alternatives has at most {} bytes", limits::TEMPLATE_BYTES))
        }
        Ok(template) if template.may_be_blank() => {
            Err("a text to send can't be blank: Telegram refuses it".to_owned())
        }
        Ok(template) if template.utf16_max() > length_max => {
            let length = template.utf16_max();
            Err(format!("the text has {length} UTF-16 units, more than the {length_max} that Telegram sends"))
        }
        parsed => parsed,
    };
    match template {
        Ok(template) => Some((text, template)),
        Err(reason) => {
            faults.at(at, reason);
            None
        }
    }
}
