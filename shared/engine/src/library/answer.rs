use std::sync::Arc;

use super::{Library, Reply, When, index::Match};
use crate::{Silence, Source, Tried, turn::Turn};

/// Lets the best entry of `library` answer, or its fallback; else tells why not.
pub(crate) fn answer(library: Option<&Library>, turn: &mut Turn<'_>) -> Result<(), Silence> {
    let library = library.ok_or(Silence::NoMatch)?;
    if !turn.update.is_addressed() && is_to_somebody_else(&turn.update.message.text) {
        return Err(Silence::ToSomebodyElse);
    }
    let matches =
        library.index.find(&library.entries, turn.words(), &turn.update.message.text, &turn.folded());
    let mut not_addressed = false;
    for Match { entry: index, score, by, .. } in matches {
        let entry = &library.entries[index];
        let refused = refusal(&entry.reply, library, &entry.id, turn);
        turn.trace.note(|| Tried::Entry {
            entry: Arc::clone(&entry.id),
            score,
            by: by.told(entry, &library.index),
            refused,
        });
        match refused {
            // Another entry that matches less well may be meant for everybody.
            Some(Silence::NotAddressed) => not_addressed = true,
            // The entry is the right one, and it has decided to keep silent: nothing else speaks in its place.
            Some(silence) => return Err(silence),
            None => {
                say(&entry.reply, library, Some(&entry.id), turn);
                return Ok(());
            }
        }
    }
    if not_addressed {
        return Err(Silence::NotAddressed);
    }
    let fallback = library.fallback.as_ref().ok_or(Silence::NoMatch)?;
    match refusal(fallback, library, "", turn) {
        // A group's talk that no entry knows was not meant for the bot.
        Some(Silence::NotAddressed) => Err(Silence::NoMatch),
        Some(silence) => Err(silence),
        None => {
            say(fallback, library, None, turn);
            Ok(())
        }
    }
}

/// Whether the message begins with an `@name`, which is not the bot's or the bot would have been addressed.
fn is_to_somebody_else(text: &str) -> bool {
    let name = text.trim_start().strip_prefix('@');
    name.is_some_and(|name| name.starts_with(|char: char| char.is_ascii_alphabetic()))
}

fn refusal(reply: &Reply, library: &Library, id: &str, turn: &Turn<'_>) -> Option<Silence> {
    if reply.when == When::Addressed && !turn.update.is_addressed() {
        Some(Silence::NotAddressed)
    } else if turn.cools(reply.hash) {
        Some(Silence::Cooldown)
    } else if !turn.seed.stream(&["chance", &library.name, id]).happens(reply.chance_per_million) {
        Some(Silence::Chance)
    } else {
        None
    }
}

fn say(reply: &Reply, library: &Library, entry: Option<&Arc<str>>, turn: &mut Turn<'_>) {
    let label = ["variation", &*library.name, entry.map_or("", |entry| &**entry)];
    let (variation, said) = turn.word(&reply.answers, &label, None);
    let library = Arc::clone(&library.name);
    let source = match entry {
        Some(entry) => Source::Entry { library, entry: Arc::clone(entry), variation },
        None => Source::Fallback { library, variation },
    };
    turn.reply(source, said);
    turn.cool(reply.hash, reply.cooldown);
}
