//! The engine's trace, a line or a JSON object for each thing that was tried.

use serde_json::{Value as Json, json};
use troupe_engine::{GroupOutcome, Guard, MatchedBy, ReactionOutcome, StepOutcome, Tried, Woken};

use super::rule;
use crate::{
    bundle::Bot,
    paint::{bad, bold, dim, good},
    told,
    world::Heard,
};

/// What was tried, a line or a few for each.
pub fn lines(heard: &Heard, bot: &Bot<'_>) -> Vec<String> {
    heard.decision.trace.steps.iter().flat_map(|tried| line(tried, heard, bot)).collect()
}

fn line(tried: &Tried, heard: &Heard, bot: &Bot<'_>) -> Vec<String> {
    let one = match tried {
        Tried::Guard(guard) => format!("{} {}", bold("guard"), bad(guard_words(*guard))),
        Tried::TriggerGroup { group, outcome } => return group_lines(group, outcome, heard, bot),
        Tried::Reaction { subgroup, chosen, of, outcome } => {
            let outcome = match outcome {
                ReactionOutcome::Done => good("done"),
                ReactionOutcome::NoSuchFile => bad("there is no file, or its size is out of bounds"),
                ReactionOutcome::NoSuchChat { variable } => {
                    bad(&format!("the variable {variable:?} holds no chat's id"))
                }
                ReactionOutcome::NoNumber { variable } => {
                    bad(&format!("the variable {variable:?} holds no number"))
                }
                ReactionOutcome::NoSuchScenario { scenario } => {
                    bad(&format!("the bot has no scenario {scenario:?}"))
                }
                ReactionOutcome::NoScenario => bad("the person is in no scenario"),
            };
            format!("  {} {}: {} of {of}: {outcome}", dim("reaction"), subgroup + 1, chosen + 1)
        }
        Tried::Scenario { scenario, step, outcome, .. } => {
            format!("{} {scenario}/{step}: {}", bold("scenario"), step_words(outcome))
        }
        Tried::Woken(woken) => woken_words(*woken).to_owned(),
        Tried::TimerSet { due, purpose } => {
            let due = told::time(*due);
            format!("{} {due}: to {}", dim("a timer is set for"), purpose.as_str())
        }
        Tried::Entry { entry, score, by, refused } => {
            let came = match refused {
                None => good("answers"),
                Some(reason) => bad(&format!("keeps silent: {reason}, {}", told::silence(reason.as_str()))),
            };
            format!("{} {entry}: score {score} by {}: {came}", bold("entry"), matched_words(by))
        }
        Tried::Variation { chosen, fresh } => {
            format!("  {} {}, of {fresh} that this person had not been given", dim("variation"), chosen + 1)
        }
        Tried::TextCut { length } => bad(&format!("the text has {length} characters and was cut to 4096")),
        Tried::TextBlank => bad("the text has nothing in it that can be sent, and was left out"),
        Tried::VariableRefused { variable } => {
            bad(&format!("the person has as many variables as are kept, so {variable:?} was not"))
        }
    };
    vec![one]
}

fn group_lines(group: &str, outcome: &GroupOutcome, heard: &Heard, bot: &Bot<'_>) -> Vec<String> {
    let title = format!("{} {group}: ", bold("trigger group"));
    match outcome {
        GroupOutcome::PrivateOnly => vec![title + "is for direct chats only, and this is a group"],
        GroupOutcome::GroupOnly => vec![title + "is for groups only, and this is a direct chat"],
        GroupOutcome::Fired => vec![title + &good("fires")],
        GroupOutcome::Failed { subgroup, name, message } => {
            let subgroup_title = rule::title(name.as_deref(), *subgroup);
            let then = if *message { "; its onFailMsg is sent, which ends the search" } else { "" };
            let mut lines = vec![format!("{title}{}{then}", bad(&format!("{subgroup_title} fails")))];
            let source = bot.rules().and_then(|rules| rule::group(&rules.source, group));
            let triggers = source.and_then(|mut group| {
                (*subgroup < group.subgroups.len()).then(|| group.subgroups.swap_remove(*subgroup).triggers)
            });
            for trigger in triggers.unwrap_or_default() {
                let rule::Asked { line, question, found } = rule::asked(trigger, heard);
                lines.push(format!("  {} {question}; found {found}", dim(&format!("line {line}:"))));
            }
            lines
        }
    }
}

/// What was tried, as JSON.
pub fn json(tried: &Tried, heard: &Heard, bot: &Bot<'_>) -> Json {
    match tried {
        Tried::Guard(guard) => json!({"tried": "guard", "outcome": guard_words(*guard)}),
        Tried::TriggerGroup { group, outcome } => match outcome {
            GroupOutcome::PrivateOnly => {
                json!({"tried": "trigger_group", "group": group, "outcome": "private_only"})
            }
            GroupOutcome::GroupOnly => {
                json!({"tried": "trigger_group", "group": group, "outcome": "group_only"})
            }
            GroupOutcome::Fired => json!({"tried": "trigger_group", "group": group, "outcome": "fired"}),
            GroupOutcome::Failed { subgroup, name, message } => {
                let source = bot.rules().and_then(|rules| rule::group(&rules.source, group));
                let triggers = source.as_ref().and_then(|group| group.subgroups.get(*subgroup));
                let triggers: Vec<_> = triggers
                    .into_iter()
                    .flat_map(|subgroup| &subgroup.triggers)
                    .map(|trigger| rule::asked(trigger, heard))
                    .map(|asked| json!({"line": asked.line, "asked": asked.question, "found": asked.found}))
                    .collect();
                json!({"tried": "trigger_group", "group": group, "outcome": "failed", "subgroup": subgroup,
                    "subgroup_name": name, "fail_message": message, "triggers": triggers})
            }
        },
        Tried::Reaction { subgroup, chosen, of, outcome } => {
            let (outcome, variable, scenario) = match outcome {
                ReactionOutcome::Done => ("done", None, None),
                ReactionOutcome::NoSuchFile => ("no_such_file", None, None),
                ReactionOutcome::NoSuchChat { variable } => ("no_such_chat", Some(variable), None),
                ReactionOutcome::NoNumber { variable } => ("no_number", Some(variable), None),
                ReactionOutcome::NoSuchScenario { scenario } => ("no_such_scenario", None, Some(scenario)),
                ReactionOutcome::NoScenario => ("no_scenario", None, None),
            };
            json!({"tried": "reaction", "subgroup": subgroup, "chosen": chosen, "of": of, "outcome": outcome,
                "variable": variable, "scenario": scenario})
        }
        Tried::Scenario { scenario, version, step, outcome } => {
            json!({"tried": "scenario", "scenario": scenario, "version": version, "step": step,
                "outcome": step_words(outcome)})
        }
        Tried::Woken(woken) => json!({"tried": "timer", "outcome": woken_words(*woken)}),
        Tried::TimerSet { due, purpose } => {
            json!({"tried": "timer", "outcome": "set", "due": told::time(*due), "to": purpose.as_str()})
        }
        Tried::Entry { entry, score, by, refused } => {
            let (kind, pattern) = matched(by);
            json!({"tried": "entry", "entry": entry, "score": score, "by": kind, "pattern": pattern,
                "refused": refused.map(troupe_engine::Silence::as_str)})
        }
        Tried::Variation { chosen, fresh } => json!({"tried": "variation", "chosen": chosen, "fresh": fresh}),
        Tried::TextCut { length } => json!({"tried": "text", "outcome": "cut", "length": length}),
        Tried::TextBlank => json!({"tried": "text", "outcome": "blank"}),
        Tried::VariableRefused { variable } => {
            json!({"tried": "variable", "outcome": "refused", "variable": variable})
        }
    }
}

const fn guard_words(guard: Guard) -> &'static str {
    match guard {
        Guard::Stopped => "the bot is stopped",
        Guard::OwnBot => "one of our own bots wrote",
        Guard::BotAccount => "a bot account wrote",
        Guard::Edited => "the message was changed, not written",
        Guard::NotListed => "the bot does not answer in this group",
        Guard::OptedOut => "the person asked not to be written to",
        Guard::OptsOut => "the person asks now not to be written to",
        Guard::HandedOver => "an operator has the conversation",
    }
}

const fn woken_words(woken: Woken) -> &'static str {
    match woken {
        Woken::Due => "the timer is the one that is set: what is due is done",
        Woken::Stale => "the timer is out of date: what it was set for has passed",
        Woken::PutOff => "the bot is stopped: the timer is put off",
        Woken::TakenBack => "the conversation is the bot's again",
        Woken::NotHandedOver => "no operator has the conversation",
    }
}

const fn step_words(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Started => "the scenario begins",
        StepOutcome::Reached => "reached",
        StepOutcome::Accepted => "accepts the answer",
        StepOutcome::Refused => "refuses the answer, and asks again",
        StepOutcome::GivenUp => "refuses the answer, for the last time",
        StepOutcome::Collected => "keeps the answer until it is clear that nothing more comes",
        StepOutcome::Waiting => "waits for its time, not for an answer",
        StepOutcome::GoesOn => "its time has come",
        StepOutcome::Reminded { .. } => "reminds the person",
        StepOutcome::Expired => "has waited for an answer as long as it may",
        StepOutcome::Helped => "a help word is answered, and it waits on",
        StepOutcome::Moved => "is the step of the newest version for whoever waited at the old one",
        StepOutcome::Returned => "the scenario that it called has ended",
        StepOutcome::CallMissing => "the bot has no scenario of the name that it calls: it is passed over",
        StepOutcome::CallTooDeep => "scenarios call each other too deep: it is passed over",
        StepOutcome::Restarted => "a restart word begins the scenario again",
        StepOutcome::Stopped => "a stop word ends the scenario",
        StepOutcome::VersionMissing => "the version that the person is in is missing",
        StepOutcome::StepMissing => "there is no such step where people wait: the scenario was left",
        StepOutcome::TooManySteps => "more steps than a message may pass through: the scenario was left",
    }
}

/// What of an entry matched: its kind and the pattern.
pub fn matched(by: &MatchedBy) -> (&'static str, &str) {
    match by {
        MatchedBy::WholePhrase(phrase) => ("whole_phrase", phrase),
        MatchedBy::Phrase(phrase) => ("phrase", phrase),
        MatchedBy::Keyword(keyword) => ("keyword", keyword),
        MatchedBy::Regex(regex) => ("regex", regex),
    }
}

pub fn matched_words(by: &MatchedBy) -> String {
    match matched(by) {
        ("whole_phrase", phrase) => format!("the phrase {phrase:?} as a whole"),
        ("phrase", phrase) => format!("the phrase {phrase:?}"),
        ("keyword", keyword) => format!("the keyword {keyword:?}"),
        (_, regex) => format!("the regex {regex}"),
    }
}
