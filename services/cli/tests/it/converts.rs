//! `troupe convert`.

use std::{fs, path::Path};

use super::{check, troupe, write};

/// What is answered to each message by the content in `file`: the texts, one below the other.
fn answers(file: &Path, messages: &[&str]) -> Vec<String> {
    let out = check(&["try", file.to_str().unwrap()], &format!("{}\n", messages.join("\n")), 0);
    let mut answers = Vec::new();
    for line in out.lines() {
        if line.starts_with("ann> ") {
            answers.push(String::new());
        } else if let Some(text) = line.strip_prefix("Bot: ") {
            answers.last_mut().unwrap().push_str(text);
        }
    }
    answers
}

/// Converts `text`, which has to come to `code`; returns where the result is and what was told.
fn converted(from: &[&str], name: &str, text: &str, code: i32) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), name, text);
    let (file, out) = (folder.path().join(name), folder.path().join("out.yaml"));
    let mut arguments = vec!["convert"];
    arguments.extend(from);
    arguments.extend([file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let ran = troupe(&arguments, "");
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{ran:?}");
    let told = ran.err.replace(&format!("{}:", file.display()), "");
    (folder, told)
}

fn out(folder: &tempfile::TempDir) -> String {
    fs::read_to_string(folder.path().join("out.yaml")).unwrap()
}

#[test]
fn a_list_of_questions_becomes_a_library_that_answers_them() {
    let list = "\u{feff}id;Question;Answer\n\
                1;What are the fees?;One percent.\n\
                2;\"How much is it\nwhat does it cost\";One percent.\n\
                3;Who are you?;\"I am a \"\"bot\"\"; ask me\"\n\
                4;who are you?;Nobody\n\
                5;Where?;{here} and {{there}} or {a|b} at 12:00 # now\n";
    let (folder, told) = converted(&["csv"], "list.csv", list, 0);
    assert_eq!(told, "");
    let text = out(&folder);
    assert!(
        text.starts_with("entries:\n  - id: what-are-the-fees\n    phrases:\n      - What are the fees?\n"),
        "{text}"
    );
    assert_eq!(text.matches("- id:").count(), 3, "{text}");
    let said = ["what are the fees", "what does it cost?", "HOW MUCH IS IT", "where?"];
    let fees = "One percent.";
    assert_eq!(
        answers(&folder.path().join("out.yaml"), &said),
        [fees, fees, fees, "{here} and {{there}} or {a|b} at 12:00 # now"]
    );
    // Two answers to one question are said in turn.
    let mut who = answers(&folder.path().join("out.yaml"), &["who are you", "who are you?"]);
    who.sort_unstable();
    assert_eq!(who, ["I am a \"bot\"; ask me", "Nobody"]);
}

#[test]
fn columns_are_found_by_name_by_number_or_by_being_two() {
    let answered = |options: &[&str], text: &str| {
        let (folder, _) = converted(&[&["csv"], options].concat(), "list.csv", text, 0);
        answers(&folder.path().join("out.yaml"), &["hello there", "question"])
    };
    assert_eq!(answered(&[], "hello there\tHi!\n"), ["Hi!", ""]);
    assert_eq!(answered(&[], "Ответ,Вопрос\nHi!,hello there\n"), ["Hi!", ""]);
    assert_eq!(
        answered(&["--question", "frage", "--answer", "3"], "x,Frage,y\n1,hello there,Hi!\n"),
        ["Hi!", ""]
    );
    assert_eq!(answered(&["--question", "2", "--answer", "1"], "Hi!|hello there|z\n"), ["Hi!", ""]);
    assert_eq!(answered(&["--no-header"], "question,answer\nhello there,Hi!\n"), ["Hi!", "answer"]);
    assert_eq!(answered(&["--delimiter", ";"], "hello there;Hi, you!, you!\n"), ["Hi, you!, you!", ""]);
}

#[test]
fn what_can_not_be_taken_from_a_list_is_told_by_line() {
    let list = "question,answer\nhello,Hi!\nno answer,\n???,What?\n\n,lost\n";
    let (folder, told) = converted(&["csv"], "list.csv", list, 1);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "3:1: the question \"no answer\" has no answer",
            "4:1: there is no word in the question \"???\"",
            "6:1: there is no word in the question \"\"",
        ]
    );
    assert_eq!(answers(&folder.path().join("out.yaml"), &["hello"]), ["Hi!"]);
    for (text, reason) in [
        ("", "the list is empty"),
        ("a,b,c\n", "say which columns have the questions and the answers"),
        ("question,answer\n", "there is nothing to convert"),
        ("question,answer\n???,x\n", "2:1: there is no word in the question"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "list.csv", text);
        let told = check(&["convert", "csv", folder.path().join("list.csv").to_str().unwrap()], "", 2);
        assert!(told.contains(reason), "{told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.csv");
    fs::write(&file, b"question,answer\nol\xe9,Hi!\n").unwrap();
    let told = check(&["convert", "csv", file.to_str().unwrap()], "", 2);
    assert!(told.contains(":2:3: not UTF-8 from here on"), "{told}");
}

#[test]
fn a_file_that_is_there_is_only_replaced_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "list.csv", "hello,Hi!\n");
    write(folder.path(), "out.yaml", "mine\n");
    let [list, result] =
        ["list.csv", "out.yaml"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let told = check(&["convert", "csv", &list, "--out", &result], "", 2);
    assert!(told.contains("is there already; --force replaces it"), "{told}");
    assert_eq!(out(&folder), "mine\n");
    check(&["convert", "csv", &list, "--out", &result, "--force"], "", 0);
    assert_eq!(check(&["convert", "csv", &list], "", 0), out(&folder));
}

#[test]
fn the_folder_of_what_is_converted_need_not_be_there() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "list.csv", "hello,Hi!\n");
    let [list, result] = ["list.csv", "content/libraries/faq.yaml"]
        .map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    check(&["convert", "csv", &list, "--out", &result], "", 0);
    assert!(fs::read_to_string(result).unwrap().contains("Hi!"));
}

const BRAIN: &str = include_str!("converts/brain.rive");

/// What RiveScript's own interpreter (rivescript-js 2.2.1) answers with this brain, the same each of twenty times.
const CONVERSATION: [(&str, &str); 37] = [
    ("Hello, bot!", "Hello, human!"),
    ("hello bot you", "I have no reply to that."),
    ("my name is Bob.", "Bob is a fine name."),
    ("My name is Alice", "Pleased to meet you."),
    ("What's your name?", "My name is Casey."),
    ("what is your name", "My name is Casey."),
    ("tell me your name", "My name is Casey."),
    ("how old are you?", "I am 15 years old, and that is the truth."),
    ("how old are u", "I am 15 years old, and that is the truth."),
    ("I'm 5 years old", "A fine age."),
    ("I am five years old", "Is that a number?"),
    ("i am very very old", "I have no reply to that."),
    ("open the door", "I'm sorry, I can't do that."),
    ("Please, open the door now!", "I'm sorry, I can't do that."),
    ("please open the window", "I have no reply to that."),
    ("what color is my blue car", "I have no reply to that."),
    ("what color is my light blue car", "One of many."),
    ("what color is my pink car", "I have no reply to that."),
    ("I like light blue", "A fine color."),
    ("I like pink", "I have no reply to that."),
    ("weather today?", "I look out of no window."),
    ("the weather is fine", "I look out of no window."),
    ("the weather", "I have no reply to that."),
    ("hi", "Hello, human!"),
    ("Good day", "I have no reply to that."),
    ("hey there", "Me?"),
    ("hey you", "Me?"),
    ("hey all of you", "Me?"),
    ("don't worry", "I never do."),
    ("dont worry", "I never do."),
    ("can you help me", "How can I help?"),
    ("i need help in an emergency now", "Call a person!"),
    ("what am i called", "You are undefined."),
    ("knock knock", "Who is there?"),
    ("anything else", "I have no reply to that."),
    ("Привет", "I have no reply to that."),
    ("!!!", "I have no reply to that."),
];

#[test]
fn a_converted_brain_answers_as_rivescript_does() {
    let (folder, _) = converted(&["rivescript"], "brain.rive", BRAIN, 1);
    let (said, expected): (Vec<_>, Vec<_>) = CONVERSATION.into_iter().unzip();
    let answers = answers(&folder.path().join("out.yaml"), &said);
    for ((said, expected), answer) in said.iter().zip(expected).zip(answers) {
        assert_eq!(answer, expected, "to {said:?}: {}", out(&folder));
    }
}

#[test]
fn replies_at_random_are_variations_with_their_weights() {
    let (folder, _) = converted(&["rivescript"], "brain.rive", BRAIN, 1);
    let expected =
        "    answers:\n      - one of them\n      - two of them\n      - text: three\n        weight: 2\n";
    assert!(out(&folder).contains(expected), "{}", out(&folder));
    let mut said = answers(&folder.path().join("out.yaml"), &["say something"; 3]);
    said.sort_unstable();
    assert_eq!(said, ["one of them", "three", "two of them"]);
}

#[test]
fn what_rivescript_has_and_a_library_has_not_is_told_by_line() {
    let (_folder, told) = converted(&["rivescript"], "brain.rive", BRAIN, 1);
    let line = |text: &str| BRAIN.lines().position(|line| line.trim() == text).unwrap() + 1;
    let expected = [
        (line("% who is there"), "a library does not know what the bot said before"),
        (line("> topic sorry"), "a library has no topics: 2 triggers of this one are left out"),
        (line("> object add javascript"), "the object macro \"add\" is a program"),
        (line("- <set secret=<star>>I keep it."), "an answer of a library sets nothing: <set secret=<star>>"),
        (line("- You said <star>."), "no template knows <star>: the reply is left out"),
    ];
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, (line, reason)) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{line}:1: {reason}")), "{told}");
    }
}

#[test]
fn a_script_that_is_wrong_is_told_by_line() {
    let script = "! var a = b\n- nobody asks\n+ hello (you\n- x\n+ a @nothing\n- x\n+ [maybe]\n- x\n+ go\n@ go\n+ to\n@ nowhere\n\
                  + ask\n- \n? what\n! what = that\n> what\n+ fine\n- Fine.\n";
    let (folder, told) = converted(&["rivescript"], "brain.rive", script, 1);
    for (line, reason) in [
        (2, "there is no trigger before this"),
        (3, "there is no ')' to a bracket"),
        (5, "there is no array \"nothing\""),
        (7, "all of the trigger is optional"),
        (10, "the redirect leads in a circle, or too far"),
        (12, "no trigger answers \"nowhere\""),
        (14, "the reply is blank"),
        (15, "no command of RiveScript begins with '?'"),
        (16, "there is no definition of a kind \"what\""),
        (17, "there is no block of a kind \"what\""),
    ] {
        assert!(told.contains(&format!("{line}:1: {reason}")), "{line}: {reason} in {told}");
    }
    assert_eq!(told.lines().count(), 10, "{told}");
    assert_eq!(answers(&folder.path().join("out.yaml"), &["fine", "go"]), ["Fine.", ""]);
}

#[test]
fn superbot_s_rules_become_rules_of_our_own_that_answer_alike() {
    let superbot = r#"{"triggers": {"hi": {"privateTrigger": false, "triggers": [
        {"triggerType": "Text", "modifier": 0, "data": "^hi$", "onFailMsg": "Say {hi}: it's polite."}]}},
        "reactions": {"hi": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "Hello."}]}}}"#;
    let (folder, told) = converted(&["superbot"], "rules.json", superbot, 0);
    assert_eq!(told, "");
    let said = ["hi", "hello"];
    let expected = ["Hello.", "Say {hi}: it's polite."];
    for file in ["rules.json", "out.yaml"] {
        assert_eq!(answers(&folder.path().join(file), &said), expected, "{file}: {}", out(&folder));
    }
    let own = "groups:\n  - name: hi\n    when:\n      - {text: '^hi$', else_say: {plain: 'Say {hi}: it''s polite.'}}\n    \
               react:\n      - {say: Hello.}\n";
    assert_eq!(out(&folder), own);
}

#[test]
fn the_demo_s_rules_are_converted_whole() {
    for name in ["kyc", "safety"] {
        let file = format!("{}/rules/{name}.json", super::demo());
        let own = check(&["convert", "superbot", &file], "", 0);
        let folder = super::changed("bots/boris.yaml", "rules", "rules");
        let old = folder.path().join(format!("rules/{name}.json"));
        fs::remove_file(old).unwrap();
        write(folder.path(), &format!("rules/{name}.yaml"), &own);
        check(&["test", folder.path().to_str().unwrap()], "", 0);
    }
}

#[test]
fn rules_that_superbot_could_not_read_are_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "rules.json",
        "{\"triggers\": {\"a\": {\n\"privateTrigger\": 1, \"triggers\": []}}}",
    );
    let file = folder.path().join("rules.json");
    let told = check(&["convert", "superbot", file.to_str().unwrap()], "", 2);
    let place = format!("{}:2:19: /triggers/a/privateTrigger: ", file.display());
    assert!(told.starts_with(&place), "{told}");
}
