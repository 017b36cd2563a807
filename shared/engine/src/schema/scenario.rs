use serde_json::{Value as Json, json};

use super::part::{
    about, answer_parts, answers, any_of, boolean, document, duration, has, has_any, list, map, map_of, name,
    nullable, number, one_of, one_or_more, part, regex, text, webhook,
};
use crate::limits;

/// The schema of scenarios.
pub fn scenario() -> Json {
    let start = any_of(&[one_of(&["first_message"]), map(&["phrases"], json!({"phrases": words()}))]);
    let interrupt = || map(&["words", "say"], json!({"words": words(), "say": answers()}));
    let mut steps = map_of(limits::STEPS, &part("step"));
    steps["minProperties"] = 1.into();
    let root = map(
        &["steps"],
        json!({
            "start": about("first_message (the default), or {phrases: […]}: the first message that is one of these.",
                start),
            "stop": about("Whole messages that end it at any step, and what is said then.", interrupt()),
            "help": about("Whole messages that are answered before the question is put again.", interrupt()),
            "restart": about("Whole messages that begin it again.", words()),
            "first": about("The step it begins with; the first one by default.", name()),
            "quiet": about("Answers what comes within so short a time as one message.", duration()),
            "expire": about("For each question that does not say its own.", expire()),
            "replaces": about("Steps of older versions, and where who waits there goes on.",
                map_of(limits::STEPS, &name())),
            "steps": about("What is said, asked and done, and where each leads.", steps),
        }),
    );
    let mut parts = answer_parts();
    parts["step"] = any_of(&steps_by_kind());
    document("Scenario of troupe", "A conversation that leads a person to a goal, step by step.", root, parts)
}

fn words() -> Json {
    one_or_more(limits::ENTRY_PATTERNS, &text())
}

fn next() -> Json {
    about("The step that follows.", name())
}

fn expire() -> Json {
    map(
        &["after"],
        json!({
            "after": about("After so long a silence.", duration()),
            "next": about("Where it leads; without it the scenario ends, without its goal.", name()),
        }),
    )
}

fn reminders() -> Json {
    let reminder = map(&["after", "say"], json!({"after": duration(), "say": answers()}));
    json!({"type": "array", "items": reminder, "minItems": 1, "maxItems": limits::REMINDERS})
}

fn steps_by_kind() -> [Json; 10] {
    let says = || about("What is said.", answers());
    let wait = |description: &str| about(description, duration());
    let otherwise = |description: &str| about(description, name());
    let save = || about("The variable of the person's that the answer is saved in.", name());
    let expires = || about("Gives up waiting.", expire());
    let quiet = || about("Takes what comes within so short a time as one answer.", duration());
    [
        map(&["say", "next"], json!({"say": says(), "next": next()})),
        map(
            &["ask", "next"],
            json!({
                "ask": about("What is asked.", answers()),
                "validate": about("Which answers are taken; any by default.", validation()),
                "save": save(),
                "retry": about("What is said to an answer that is refused; by default the question again.", answers()),
                "retries": about("How often; 3 by default.", json!({"type": "integer", "minimum": 0, "maximum": 20})),
                "remind": about("What is said after so long a silence.", reminders()),
                "expire": expires(),
                "quiet": quiet(),
                "next": next(),
                "otherwise": otherwise("Where it leads after as many refused answers."),
            }),
        ),
        map(
            &["branch", "otherwise"],
            json!({
                "branch": about("The first that holds.", list(limits::ENTRY_PATTERNS, &branch())),
                "otherwise": otherwise("Where it leads if none of them holds."),
            }),
        ),
        map(
            &["set", "next"],
            json!({
                "set": about("Sets variables of the person's.", map_of(limits::SET_VARIABLES, &text())),
                "next": next(),
            }),
        ),
        map(
            &["webhook", "next"],
            json!({
                "webhook": about("Calls the webhook of this name, and tells it these values.", webhook()),
                "next": next(),
            }),
        ),
        map(
            &["wait", "next"],
            json!({"wait": wait("Waits so long; meanwhile the library answers."), "next": next()}),
        ),
        map(
            &["follow_up", "next"],
            json!({
                "follow_up": about("What is said if the person keeps silent, if anything.", nullable(reminders())),
                "save": save(),
                "expire": expires(),
                "quiet": quiet(),
                "next": next(),
            }),
        ),
        map(
            &["hand_over", "next"],
            json!({
                "hand_over": wait("An operator takes over: the bot keeps silent, so long at most."),
                "say": says(),
                "next": next(),
            }),
        ),
        map(
            &["call", "next"],
            json!({
                "call": about("Another scenario.", name()),
                "next": about("Where it goes on when the other one has reached its goal.", name()),
                "otherwise": otherwise("And where, when it has not."),
            }),
        ),
        map(
            &["end"],
            json!({"end": about("With the goal reached, or not.", one_of(&["goal", "no_goal"])), "say": says()}),
        ),
    ]
}

fn validation() -> Json {
    let bounds = map(&[], json!({"min": number(), "max": number()}));
    let choices = any_of(&[list(limits::ENTRY_PATTERNS, &text()), map_of(limits::ENTRY_PATTERNS, &words())]);
    let mut detailed = map(&[], json!({"number": bounds, "regex": regex(), "choice": choices}));
    detailed["oneOf"] = has_any(&["number", "regex", "choice"]);
    any_of(&[one_of(&["any", "number", "email", "phone"]), detailed])
}

fn branch() -> Json {
    let mut branch = map(
        &["next"],
        json!({
            "variable": about("A variable of the person's: is, exists, at_least, at_most.", name()),
            "is": about("It is one of these.", words()),
            "exists": about("Whether it has a value.", boolean()),
            "at_least": about("It is a number, and not less than this.", number()),
            "at_most": about("It is a number, and not more than this.", number()),
            "reply": about("The message is one of these.", words()),
            "reply_matches": about("A regular expression that has a hit in the message.", regex()),
            "next": next(),
        }),
    );
    branch["oneOf"] = has_any(&["variable", "reply", "reply_matches"]);
    branch["if"] = has("variable");
    branch["then"] = json!({"anyOf": has_any(&["is", "exists", "at_least", "at_most"])});
    branch
}
