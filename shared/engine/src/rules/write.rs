//! Writes what superbot's JSON says in troupe's own format.

use super::{
    Kinds,
    model::{
        Chats, Model, Operand, ReactionGroup, ReactionKind, Saying, Sizes, Subgroup, Trigger, TriggerKind,
        Variable, VariableTest,
    },
};

/// The model of superbot's JSON as YAML. What has no effect there stands in comments.
pub(super) fn write(model: &Model) -> String {
    let mut yaml = String::new();
    if !model.variables.is_empty() {
        yaml.push_str("variables:\n");
        model.variables.iter().for_each(|variable| write_variable(variable, &mut yaml));
    }
    yaml.push_str(if model.trigger_groups.is_empty() { "groups: []\n" } else { "groups:\n" });
    for group in &model.trigger_groups {
        line(&mut yaml, 1, &format!("- name: {}", scalar(&group.name)));
        if group.chats == Chats::Direct {
            line(&mut yaml, 2, "where: direct");
        }
        line(&mut yaml, 2, if group.subgroups.is_empty() { "when: []" } else { "when:" });
        group.subgroups.iter().for_each(|subgroup| write_condition(subgroup, &mut yaml));
        if let Some(reactions) = model.reaction_groups.iter().find(|reactions| reactions.name == group.name) {
            write_reactions(reactions, &mut yaml);
        }
    }
    let is_called = |name: &str| model.trigger_groups.iter().any(|group| group.name == name);
    for group in model.reaction_groups.iter().filter(|group| !is_called(&group.name)) {
        // No trigger group calls it, so it never acts: it is kept for whoever wants to.
        let mut unused = String::new();
        line(&mut unused, 1, &format!("- name: {}", scalar(&group.name)));
        line(&mut unused, 2, "when: never called");
        write_reactions(group, &mut unused);
        unused.lines().for_each(|written| line(&mut yaml, 0, &format!("# {written}")));
    }
    yaml
}

fn line(yaml: &mut String, depth: usize, text: &str) {
    yaml.push_str(&"  ".repeat(depth));
    yaml.push_str(text);
    yaml.push('\n');
}

fn write_variable(variable: &Variable, yaml: &mut String) {
    let mut fields = vec![if variable.dictionary { "of: person" } else { "of: bot" }.to_owned()];
    if !variable.saved {
        fields.push("saved: false".to_owned());
    }
    let mut comment = String::new();
    if let Some(start) = &variable.value {
        if variable.dictionary {
            comment =
                format!(" # superbot gives a dictionary no start value, though it says {}", quoted(start));
        } else {
            fields.push(format!("start: {}", scalar(start)));
        }
    }
    line(yaml, 1, &format!("{} {{{}}}{comment}", key(&variable.name, 1), fields.join(", ")));
}

fn write_condition(subgroup: &Subgroup<Trigger>, yaml: &mut String) {
    let name = subgroup.name.as_ref().map(|name| format!("name: {}", scalar(name)));
    let on_fail = |trigger: &Trigger| trigger.on_fail.as_ref().map(|message| said(&message.text));
    let Some((last, others)) = subgroup.members.split_last() else { return };
    let else_say = on_fail(last).map(|text| format!("else_say: {text}"));
    if others.is_empty() {
        let fields: Vec<_> = [Some(question(&last.kind)), name, else_say].into_iter().flatten().collect();
        line(yaml, 3, &format!("- {{{}}}", fields.join(", ")));
        return;
    }
    line(yaml, 3, "- any:");
    for trigger in &subgroup.members {
        line(yaml, 5, &format!("- {{{}}}", question(&trigger.kind)));
    }
    for trigger in others {
        if let Some(text) = on_fail(trigger) {
            line(yaml, 4, &format!("# only the last of them is heard: {text}"));
        }
    }
    name.iter().chain(&else_say).for_each(|field| line(yaml, 4, field));
}

fn question(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::Text { pattern } => format!("text: {}", scalar(pattern)),
        TriggerKind::Variable { variable, test: VariableTest::Is(Operand::Value(value)) } => {
            format!("variable: {}, is: {}", scalar(&variable.name), scalar(value))
        }
        TriggerKind::Variable { variable, test: VariableTest::Exists(exists) } => {
            format!("variable: {}, exists: {exists}", scalar(&variable.name))
        }
        TriggerKind::Media(Kinds::Image, sizes) => match bounds(*sizes) {
            None => "media: image".to_owned(),
            Some(bounds) => format!("media: {{kind: image, {bounds}}}"),
        },
        _ => unreachable!("superbot asks nothing else"),
    }
}

fn write_reactions(group: &ReactionGroup, yaml: &mut String) {
    line(yaml, 2, if group.subgroups.is_empty() { "react: []" } else { "react:" });
    for subgroup in &group.subgroups {
        let name = subgroup.name.as_ref().map(|name| format!("name: {}", scalar(name)));
        if let [reaction] = subgroup.members.as_slice() {
            let fields: Vec<_> = [Some(deed(&reaction.kind)), name].into_iter().flatten().collect();
            line(yaml, 3, &format!("- {{{}}}", fields.join(", ")));
            continue;
        }
        line(yaml, 3, "- one_of:");
        for reaction in &subgroup.members {
            line(yaml, 5, &format!("- {{{}}}", deed(&reaction.kind)));
        }
        if let Some(name) = name {
            line(yaml, 4, &name);
        }
    }
}

fn deed(kind: &ReactionKind) -> String {
    match kind {
        ReactionKind::Say { text, chat: None } => format!("say: {}", said(text)),
        ReactionKind::Say { text, chat: Some(chat) } => {
            format!("say: {}, chat: {}", said(text), scalar(&chat.name))
        }
        ReactionKind::Set(changes) => match changes.as_slice() {
            [(variable, Some(value))] => {
                format!("set: {{{} {}}}", key(&variable.name, 6), scalar(value))
            }
            [(variable, None)] => format!("save: {}", scalar(&variable.name)),
            _ => unreachable!("superbot sets one variable at a time"),
        },
        ReactionKind::Remove(variables) => match variables.as_slice() {
            [variable] => format!("remove: {}", scalar(&variable.name)),
            _ => unreachable!("superbot removes one variable at a time"),
        },
        ReactionKind::StoreFile(sizes) => {
            format!("store_file: {{{}}}", bounds(*sizes).unwrap_or_default())
        }
        _ => unreachable!("superbot does nothing else"),
    }
}

/// A text as it stands: braces mean something in an answer.
fn said(saying: &Saying) -> String {
    match saying {
        Saying::Plain(text) if text.contains(['{', '}', '|', '\\']) => format!("{{plain: {}}}", scalar(text)),
        Saying::Plain(text) => scalar(text),
        Saying::Answers(_) => unreachable!("superbot's texts are plain"),
    }
}

/// The bounds as they were written, in megabytes.
fn bounds(Sizes { min, max }: Sizes) -> Option<String> {
    // JSON has a zero below zero.
    let bound = |name: &str, size: Option<f64>| size.map(|size| format!("{name}: {} MB", size.abs()));
    let bounds: Vec<_> = [bound("min", min), bound("max", max)].into_iter().flatten().collect();
    (!bounds.is_empty()).then(|| bounds.join(", "))
}

/// `name` as a field's name, and the colon. YAML wants a question mark before one that is longer than 1,024 characters,
/// as names are that are hardly more than escapes, and the colon on a line of its own.
fn key(name: &str, depth: usize) -> String {
    let name = scalar(name);
    if name.len() <= 1024 { format!("{name}:") } else { format!("? {name}\n{}:", "  ".repeat(depth)) }
}

/// `text` as YAML: bare if that is surely a text, else in quotes, single ones where nothing has to be escaped.
fn scalar(text: &str) -> String {
    const MEANT_OTHERWISE: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_bare = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, ' ' | '_' | '-' | '.'))
        && !MEANT_OTHERWISE.contains(&text.to_ascii_lowercase().as_str());
    if is_bare {
        text.to_owned()
    } else if text.chars().all(is_plain) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        quoted(text)
    }
}

/// Whether a character stands for itself in quotes, on one line. All that do not are in the basic plane.
fn is_plain(char: char) -> bool {
    !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// `text` between double quotes.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|char| match char {
        '"' | '\\' => format!("\\{char}"),
        '\n' => "\\n".to_owned(),
        _ if is_plain(char) => char.to_string(),
        '\0'..='\u{ff}' => format!("\\x{:02x}", u32::from(char)),
        _ => format!("\\u{:04x}", u32::from(char)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests;
