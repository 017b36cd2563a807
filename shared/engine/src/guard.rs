use crate::{Event, Guard, HandedBackBy, Silence, Source, Tried, hand_over, scenario, turn::Turn};

/// What whole messages stop a bot for good, normalised, and what is said to it, once.
const OPT_OUT: &[(&[&str], &str)] = &[
    (
        &[
            "stop",
            "unsubscribe",
            "opt out",
            "optout",
            "stop messaging me",
            "stop writing to me",
            "leave me alone",
        ],
        "You won't hear from me again. All the best!",
    ),
    (
        &["стоп", "отписаться", "отпишись", "отпиши меня", "не пиши мне", "не пишите мне", "больше не пиши"],
        "Больше не побеспокою. Всего доброго!",
    ),
];

/// How many words an opt-out has, at most.
const OPT_OUT_WORDS: usize = 4;

/// What the guards say of an update.
pub(crate) enum Verdict {
    /// The rest of the content may have a look at it.
    Pass,
    /// Nothing is said.
    Silent(Silence),
    /// Nothing is said, nor counted but what was counted already.
    Ignore,
    /// A guard answered.
    Answered,
}

/// Asks the guards, in order, and notes that the message came in.
pub(crate) fn check(turn: &mut Turn<'_>) -> Verdict {
    let (content, update) = (turn.content, turn.update);
    let message = update.message.id;
    if update.edited {
        // An edit that were answered would be answered twice.
        turn.event(Event::MessageEdited { message });
        turn.trace.note(|| Tried::Guard(Guard::Edited));
        return Verdict::Ignore;
    }
    let own_bot = update.sender.id == content.account.user || content.fleet.contains(&update.sender.id);
    let media = update.message.media.as_ref().map(|media| media.kind);
    turn.event(Event::MessageReceived { message, media, own_bot });
    let silence = if content.stopped {
        Some((Guard::Stopped, Silence::Stopped))
    } else if own_bot {
        Some((Guard::OwnBot, Silence::OwnBot))
    } else if update.sender.is_bot {
        Some((Guard::BotAccount, Silence::BotAccount))
    } else if !update.is_direct() && !content.groups.contains(update.chat.id) {
        Some((Guard::NotListed, Silence::NotListed))
    } else {
        None
    };
    if let Some((guard, silence)) = silence {
        turn.trace.note(|| Tried::Guard(guard));
        return Verdict::Silent(silence);
    }
    if turn.state.person.first_seen.is_none() {
        turn.state.person.first_seen = Some(update.time);
        turn.event(Event::PersonFirstSeen);
    }
    if turn.state.person.opted_out.is_some() {
        turn.trace.note(|| Tried::Guard(Guard::OptedOut));
        return Verdict::Silent(Silence::OptedOut);
    }
    match confirmation(turn) {
        Some(confirmation) => {
            turn.trace.note(|| Tried::Guard(Guard::OptsOut));
            opt_out(turn, confirmation);
            Verdict::Answered
        }
        None => hand_over::check(turn),
    }
}

/// What to say to an opt-out, if the message is one. In a group it has to be said to the bot: "stop" is said to others
/// too, and would silence it for good.
fn confirmation(turn: &Turn<'_>) -> Option<&'static str> {
    if !turn.update.is_addressed() {
        return None;
    }
    // Each letter behind a space begins a word: of most messages it need not be known which. The bytes are those that
    // the letters of ASCII are, and that those of Cyrillic begin with.
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, 0xd0 | 0xd1);
    let text = turn.update.message.text.as_bytes();
    let begins = |(before, byte): (&u8, &u8)| *before == b' ' && is_letter(*byte);
    if text.iter().zip(text.get(1..).unwrap_or_default()).filter(|pair| begins(*pair)).count() > OPT_OUT_WORDS
    {
        return None;
    }
    let words = turn.words();
    if words.len() > OPT_OUT_WORDS {
        return None;
    }
    let said = words.as_str();
    OPT_OUT.iter().find(|(words, _)| words.contains(&said)).map(|(_, confirmation)| *confirmation)
}

fn opt_out(turn: &mut Turn<'_>, confirmation: &str) {
    turn.state.person.opted_out = Some(turn.update.time);
    turn.event(Event::OptedOut);
    hand_over::end(HandedBackBy::OptedOut, turn);
    scenario::leave(turn);
    turn.reply(Source::Guard, confirmation.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn opt_out_words_are_in_the_form_that_is_compared() {
        for word in OPT_OUT.iter().flat_map(|(words, _)| *words) {
            assert_eq!(text::normalised(word), *word);
            assert!(text::words(word).len() <= OPT_OUT_WORDS, "{word}");
        }
    }
}
