//! What a line typed into `troupe try` does. Text in, text out.

use std::{collections::BTreeMap, time::Duration};

use troupe_engine::Update;
use troupe_protocol::{self as protocol, UpdateBody};
use troupe_types::{Media, MediaKind, UpdateKind};

use crate::{
    bundle::Bot,
    declared, explain,
    paint::{bad, bold, dim, good},
    told::{self, Outcome},
    world::{Heard, Place, Said, World},
};

/// What can be typed.
pub const HELP: &str = "\
What you type is said. A line that begins with / and one of these words does something else:
  /as NAME               be somebody else; bot:NAME is the bot of that bot file
  /in group|direct       go there
  /mention TEXT          say it to the bot: as a mention or a reply (a text with the bot's @name is one, too)
  /photo SIZE [TEXT]     send a photo of e.g. 200kB, with a caption
  /file SIZE TYPE [TEXT] send a file of a MIME type, e.g. /file 2MB application/pdf
  /edit TEXT             change what was said last
  /wait TIME             let time pass, e.g. 30s, 5m, 2h, 3d; what is due meanwhile comes
  /handback              be the operator who gives the conversation back
  /set NAME=VALUE        set a variable; /set NAME= takes it away
  /at SCENARIO/STEP      go to a step that waits for an answer
  /vars                  show the variables, and where in a scenario you are
  /why                   explain what came of the last message
  /why NAME              and why this trigger group or library entry did or did not answer
  /restart               begin anew: everybody is forgotten
  /help                  show this
  /quit                  end
Any other word behind a / is said, e.g. /start; // says a line that begins with /.";

/// What a line did.
#[derive(Debug, Default)]
pub struct Answer {
    /// What to show.
    pub text: String,
    /// What happened, as it would have come over the bus.
    pub updates: Vec<protocol::Update>,
    pub quit: bool,
}

/// A conversation that goes on.
pub struct Session<'a> {
    world: World,
    bot: &'a Bot<'a>,
    person: String,
    place: Place,
    last: Option<Heard>,
}

impl<'a> Session<'a> {
    pub fn new(world: World, bot: &'a Bot<'a>, person: &str, place: Place) -> Self {
        Self { world, bot, person: person.to_owned(), place, last: None }
    }

    /// What stands before what is typed.
    pub fn prompt(&self) -> String {
        let place = if self.place == Place::Group { " in the group" } else { "" };
        bold(&format!("{}{place}> ", self.person))
    }

    /// Does what `line` says.
    pub fn line(&mut self, line: &str) -> Answer {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return if line.is_empty() { Answer::default() } else { self.say(line, false) };
        };
        if command.starts_with('/') {
            return self.say(command, false);
        }
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        let text = match word {
            "mention" if !rest.is_empty() => return self.say(rest, true),
            "edit" if !rest.is_empty() => return self.speak(rest, false, None, true),
            "photo" => return self.photo(rest),
            "file" => return self.file(rest),
            "quit" | "exit" => return Answer { quit: true, ..Answer::default() },
            "as" if !rest.is_empty() => {
                rest.clone_into(&mut self.person);
                String::new()
            }
            "in" => self.go(rest),
            "wait" => return self.wait(rest),
            "handback" => {
                let person = self.person.clone();
                let heard = self.world.hand_back(&person);
                return self.happened(vec![heard], String::new());
            }
            "set" => self.set(rest),
            "at" => self.at(rest),
            "vars" => self.variables(),
            "why" => self.why(rest),
            "restart" => {
                self.world.forget();
                self.last = None;
                dim("everybody is forgotten")
            }
            "help" => HELP.to_owned(),
            "mention" | "edit" | "as" => bad(&format!("/{word} needs something behind it; see /help")),
            // Commands such as /start are for the bot.
            _ => return self.say(line, false),
        };
        Answer { text, ..Answer::default() }
    }

    fn say(&mut self, text: &str, mention: bool) -> Answer {
        self.speak(text, mention, None, false)
    }

    fn photo(&mut self, rest: &str) -> Answer {
        // `200 kB` may be written in two words.
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (size, used) = match words[..] {
            [] => (Some(200 * 1024), 0),
            [number, unit, ..] if told::bytes(&format!("{number}{unit}")).is_some() => {
                (told::bytes(&format!("{number}{unit}")), 2)
            }
            [size, ..] => (told::bytes(size), 1),
        };
        match size {
            Some(bytes) => {
                let media = Media { kind: MediaKind::Photo, bytes, mime: None };
                self.speak(&words[used..].join(" "), false, Some(media), false)
            }
            None => wrong("/photo takes a size, e.g. /photo 200kB, and perhaps a caption"),
        }
    }

    fn file(&mut self, rest: &str) -> Answer {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [size, mime, caption @ ..] = &words[..] else {
            return wrong("/file takes a size and a type, e.g. /file 2MB application/pdf");
        };
        match told::bytes(size) {
            Some(bytes) => {
                let media = Media { kind: MediaKind::Document, bytes, mime: Some((*mime).to_owned()) };
                self.speak(&caption.join(" "), false, Some(media), false)
            }
            None => wrong("/file takes a size and a type, e.g. /file 2MB application/pdf"),
        }
    }

    fn speak(&mut self, text: &str, mention: bool, media: Option<Media>, edit: bool) -> Answer {
        let said =
            Said { by: self.person.clone(), place: self.place, text: text.to_owned(), mention, media, edit };
        let heard = self.world.say(said);
        self.happened(vec![heard], String::new())
    }

    /// Tells what came of `came`, and then `last`.
    fn happened(&mut self, came: Vec<Heard>, last: String) -> Answer {
        let updates = came.iter().map(|heard| recorded(&heard.update)).collect();
        let told = came.iter().map(|heard| {
            let outcome = Outcome::of(&heard.decision, heard.update.chat.id);
            let time = match heard.update.key.kind {
                UpdateKind::Timer(_) if !outcome.replies.is_empty() => dim(&format!(
                    "{}, for {}\n",
                    told::time(heard.update.time),
                    heard.update.sender.first_name
                )),
                _ => String::new(),
            };
            time + &self.answered(&outcome)
        });
        let lines: Vec<_> = told.chain([last]).filter(|text| !text.is_empty()).collect();
        self.last = came.into_iter().next_back().or_else(|| self.last.take());
        Answer { text: lines.join("\n"), updates, quit: false }
    }

    /// Each reply with what answered it.
    fn answered(&self, outcome: &Outcome) -> String {
        let name = &self.bot.file.first_name;
        let mut lines = Vec::new();
        for reply in &outcome.replies {
            let elsewhere = reply.elsewhere.map(|chat| format!(" (in chat {chat})")).unwrap_or_default();
            for (number, line) in reply.shown().lines().enumerate() {
                let head = if number == 0 { format!("{name}{elsewhere}: ") } else { "  ".to_owned() };
                lines.push(format!("{}{line}", good(&head)));
            }
            lines.push(dim(&format!("  [{}]", reply.source)));
        }
        lines.extend(outcome.deeds.iter().map(|deed| dim(&format!("  [{deed}]"))));
        if let Some(reason) = &outcome.silent {
            lines.push(dim(&format!("  [silent {reason}: {}]", told::silence(reason))));
        }
        lines.join("\n")
    }

    fn go(&mut self, place: &str) -> String {
        match explain::place(place) {
            Ok(place) => {
                self.place = place;
                String::new()
            }
            Err(_) => bad("/in takes group or direct"),
        }
    }

    fn wait(&mut self, time: &str) -> Answer {
        match duration(time) {
            Some(time) => {
                let came = self.world.pass(time);
                let time = dim(&format!("it is {}", told::time(self.world.time)));
                self.happened(came, time)
            }
            None => wrong("/wait takes a time, e.g. /wait 30s, 5m, 2h or 3d"),
        }
    }

    fn set(&mut self, rest: &str) -> String {
        let Some((name, value)) = rest.split_once('=') else {
            return bad("/set takes NAME=VALUE, e.g. /set kyc status=need email");
        };
        let (name, value) = (name.trim(), value.trim());
        let declared = declared::find(self.bot, name);
        self.world.set(&self.person, name, (!value.is_empty()).then_some(value), declared);
        String::new()
    }

    fn at(&mut self, rest: &str) -> String {
        let put = explain::step(rest)
            .and_then(|(scenario, step)| self.world.put_at(&self.person, &scenario, &step));
        put.map_or_else(|reason| bad(&reason), |()| String::new())
    }

    fn variables(&mut self) -> String {
        let (person, bot) = self.world.remembered(&self.person);
        let mut lines = Vec::new();
        let mut list = |title: &str, values: &BTreeMap<String, String>, note: &str| {
            lines.extend(
                values.iter().map(|(name, value)| format!("{}{name} = {value:?}{}", dim(title), dim(note))),
            );
        };
        let note = " (until the bot restarts)";
        list("", &person.variables, "");
        list("", &person.volatile.variables, note);
        list("bot: ", &bot.variables, "");
        list("bot: ", &bot.volatile.variables, note);
        if let Some(progress) = &person.scenario {
            let since = told::time(progress.since);
            lines.push(format!("{}{}/{}, since {since}", dim("at step "), progress.scenario, progress.step));
        }
        if let Some(timer) = person.timer {
            lines.push(format!("{}{}", dim("a timer is set for "), told::time(timer.due)));
        }
        if let Some(handed_over) = &person.handed_over {
            let until = told::time(handed_over.until);
            lines.push(format!("{}{until}", dim("an operator has the conversation until ")));
        }
        for finished in &person.finished {
            let goal = if finished.goal { "with its goal" } else { "without its goal" };
            lines.push(format!(
                "{}{} {goal}, {}",
                dim("has left "),
                finished.scenario,
                told::time(finished.time)
            ));
        }
        if let Some(time) = person.opted_out {
            lines.push(format!("asked not to be written to, {}", told::time(time)));
        }
        if lines.is_empty() {
            lines.push(dim(&format!("nothing is known of {}", self.person)));
        }
        lines.push(dim(&format!("it is {}", told::time(self.world.time))));
        lines.join("\n")
    }

    fn why(&self, name: &str) -> String {
        let Some(heard) = &self.last else { return bad("nothing was said yet") };
        if name.is_empty() {
            return explain::text(heard, self.bot);
        }
        explain::named(name, heard, self.bot).unwrap_or_else(|error| bad(&error.to_string()))
    }
}

fn wrong(text: &str) -> Answer {
    Answer { text: bad(text), ..Answer::default() }
}

/// Reads `30s`, `5m`, `2h`, `3d`, and what else people write, such as `1h 30m`.
pub fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|time| time.as_secs() <= 366 * 24 * 60 * 60)
}

/// What happened as it would have been published.
fn recorded(update: &Update) -> protocol::Update {
    let message = update.message.clone();
    protocol::Update {
        key: update.key,
        bot: update.bot,
        chat: update.chat.clone(),
        sender: update.sender.clone(),
        time: update.time,
        received: update.time,
        body: match update.key.kind {
            UpdateKind::New => UpdateBody::Message(message),
            UpdateKind::Edited(_) => UpdateBody::Edited(message),
            UpdateKind::Timer(_) => UpdateBody::Timer,
            UpdateKind::HandedBack(_) => UpdateBody::HandedBack,
        },
    }
}
