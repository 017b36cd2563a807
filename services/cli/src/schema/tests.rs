//! Each schema against the reader of what it describes.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use boon::{Compiler, SchemaIndex, Schemas};
use troupe_engine::{Faults, Library, Ruleset, Scenario, superbot_as_own};

use super::*;
use crate::{
    bundle::{self, File, Kind},
    document,
    problem::Problems,
    suite,
};

impl Document {
    fn kind(self) -> Kind {
        match self {
            Self::Rules => Kind::Rules,
            Self::Library => Kind::Library,
            Self::Scenario => Kind::Scenario,
            Self::Bot => Kind::Bot,
            Self::Tests => Kind::Tests,
        }
    }

    /// What its reader says is wrong with `text`, if anything.
    fn faults(self, text: &str) -> Option<String> {
        let of_engine = |faults: Faults| faults.to_string();
        let of_ours = |problems: Problems| problems.to_string();
        let file = || File { path: "x.yaml".into(), kind: self.kind(), name: "x".into(), text: text.into() };
        match self {
            // The schema is of our own format. What is not, is read as superbot's.
            Self::Rules => match superbot_as_own(text) {
                Err(faults) if faults.to_string().contains("own format already") => {
                    Ruleset::parse(text).err().map(of_engine)
                }
                _ => Some("this is not in our own format".to_owned()),
            },
            Self::Library => Library::parse("x", text).err().map(of_engine),
            Self::Scenario => Scenario::parse("x", 1, text).err().map(of_engine),
            Self::Bot => bundle::bot::read(&file()).err().map(of_ours),
            Self::Tests => suite::read::read(&file()).err().map(of_ours),
        }
    }
}

/// A schema, ready to be asked.
struct Checker {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Checker {
    /// It is checked against the schema of schemas, too.
    fn of(document: Document) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", document.schema()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Self { schemas, index }
    }

    fn refusal(&self, value: &Json) -> Option<String> {
        self.schemas.validate(value, self.index).err().map(|error| format!("{error:#}"))
    }
}

fn json(text: &str) -> Json {
    document::read(text).unwrap().json()
}

/// The first example in YAML of a module's documentation.
fn documented(source: &str) -> Json {
    let lines = source.lines().skip_while(|line| *line != "//! ```yaml").skip(1);
    let lines = lines.take_while(|line| *line != "//! ```");
    json(
        &lines
            .map(|line| line.strip_prefix("//!").unwrap().strip_prefix(' ').unwrap_or(""))
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

/// Checks that a schema and its reader take each example, that they know the same fields, and that of all that is like an
/// example but for one value the reader refuses what the schema refuses, and the schema what is of the wrong kind.
fn hold(document: Document, examples: &[Json]) {
    let checker = Checker::of(document);
    let read = RefCell::new(BTreeSet::new());
    let compare = |value: &Json| {
        let (refusal, faults) = (checker.refusal(value), document.faults(&value.to_string()));
        if let Some(refusal) = &refusal {
            assert!(faults.is_some(), "only the schema refuses {value:#}: {refusal}");
        }
        if let Some(fields) = faults.as_deref().and_then(known_fields) {
            assert!(refusal.is_some(), "the schema knows a field that the reader does not: {value:#}");
            read.borrow_mut().insert(fields);
        }
        if faults.as_deref().is_some_and(is_wrong_kind) {
            assert!(refusal.is_some(), "only the reader knows that a value is of the wrong kind: {value:#}");
        }
    };
    for example in examples {
        assert_eq!(document.faults(&example.to_string()), None, "{example:#}");
        assert_eq!(checker.refusal(example), None, "{example:#}");
        break_everywhere(example, &compare);
    }
    let mut written = BTreeSet::new();
    closed_maps(&document.schema(), &mut written);
    assert_eq!(
        read.into_inner(),
        written,
        "the maps that the reader and the schema know differ in their fields"
    );
}

/// A field that no reader knows.
const UNKNOWN: &str = "zzz";

/// The fields that a reader says there are beside the one that it does not know.
fn known_fields(faults: &str) -> Option<BTreeSet<String>> {
    let told = faults.lines().find(|fault| fault.contains(&format!("field \"{UNKNOWN}\"; known")))?;
    let list = told.split("; known").nth(1)?.trim_start_matches(" are ").trim_start_matches(": ");
    Some(list.split(", ").map(|name| name.trim_matches('"').to_owned()).collect())
}

/// Whether a value is a list, say, where the reader expects a text.
fn is_wrong_kind(faults: &str) -> bool {
    ["truth value", "number", "text", "list", "map"].iter().any(|kind| {
        faults.lines().any(|fault| fault.split("; ").next().unwrap().ends_with(&format!(", found a {kind}")))
    })
}

/// The fields of each map of a schema that has no others.
fn closed_maps(schema: &Json, found: &mut BTreeSet<BTreeSet<String>>) {
    if schema["additionalProperties"] == false {
        found.insert(schema["properties"].as_object().unwrap().keys().cloned().collect());
    }
    match schema {
        Json::Object(fields) => fields.values().for_each(|below| closed_maps(below, found)),
        Json::Array(items) => items.iter().for_each(|below| closed_maps(below, found)),
        _ => {}
    }
}

/// Calls `then` with `value` after each change of one value in it.
fn break_everywhere(value: &Json, then: &dyn Fn(&Json)) {
    let odd = [
        serde_json::json!(null),
        true.into(),
        7.into(),
        (-1.5).into(),
        "zzz".into(),
        "".into(),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!(["zzz"]),
        serde_json::json!({"zzz": "zzz"}),
    ];
    odd.iter().for_each(then);
    match value {
        Json::Object(fields) => {
            let with = |name: &str, field: Option<Json>| {
                let mut fields = fields.clone();
                match field {
                    Some(field) => fields.insert(name.to_owned(), field),
                    None => fields.remove(name),
                };
                then(&Json::Object(fields));
            };
            with(UNKNOWN, Some("zzz".into()));
            for name in SIBLINGS.iter().filter(|name| !fields.contains_key(**name)) {
                with(name, Some("zzz".into()));
                with(name, Some(Json::Null));
            }
            for (name, field) in fields {
                with(name, None);
                break_everywhere(field, &|field| with(name, Some(field.clone())));
            }
        }
        Json::Array(items) => {
            then(&items.iter().chain(items).cloned().collect());
            for (index, item) in items.iter().enumerate() {
                break_everywhere(item, &|item| {
                    let mut items = items.clone();
                    items[index] = item.clone();
                    then(&items.into());
                });
            }
        }
        _ => {}
    }
}

/// Fields that may not stand beside every other.
const SIBLINGS: &[&str] =
    &["text", "variable", "is", "exists", "any", "one_of", "say", "chat", "reply", "end", "regex", "photo"];

/// Every question and every reaction.
const RULES: &str = r#"
variables: {points: {}, office: {of: bot, saved: false, start: "-5"}}
groups:
  - name: a
    where: group
    when:
      - {text: '^a', name: x, else_say: {plain: '{'}}
      - {phrase: how much, else_say: {en: [No., {text: Never., weight: 2}], ru: {photo: map}}}
      - {keyword: [fees, price list]}
      - {media: photo}
      - {media: {kind: image, min: 10 kB, max: 1.5 MB}}
      - any: [{addressed: true}, {mentioned: false}, {reply: true}, {chat: [-5, 7]}, {sender: ["@ann", 7]}]
      - {sender: ann}
      - {time: {from: "22:00", to: "06:00", days: [fri], zone: "+03:00"}}
      - {chance: 0.5}
      - {cooldown: 5m}
      - {cooldown: {chat: 5m, person: 1d}}
      - {variable: points, is: [a, {variable: office}]}
      - {variable: points, exists: true}
      - not: {variable: points, at_least: 5, at_most: {variable: office}}
    react:
      - {say: [Hi, {text: Ho, document: map}], chat: office}
      - {set: {points: "1"}}
      - {save: points}
      - one_of: [{add: {points: 1.5}}, {remove: points}, {remove: [points, office]}]
        name: b
      - {store_file: {min: 1 kB, max: 10 MB}}
      - {emoji: 👍}
      - {forward: office}
      - {wait: 5s}
      - {goal: done}
      - {webhook: crm}
      - {webhook: {to: crm, send: {name: "{{person.last_name|none}}"}}}
  - name: b
    where: direct
    when: []
    react: [{start_scenario: welcome}, {end_scenario: true}, {hand_over: 2h}]
"#;

const BOT: &str = "{name: B, username: b_b, id: 2, rules: a, library: b, group_library: c, direct_library: d, \
                   scenarios: [e, {name: f, weight: 2}], groups: [-5], zone: \"+03:00\"}";

const TESTS: &str = r"
content: ..
bot: b
phrases: [support]
tests:
  - name: n
    bot: c
    as: ann
    in: direct
    at: a/b
    vars: {x: 1, y: null, z: true}
    language: ru
    time: 2026-01-05T09:00:00Z
    seed: 7
    talk:
      - {say: a, mention: true, expect: entry a/b, expect_vars: {x: y}, expect_webhooks: crm}
      - {photo: 2kB, as: bert, in: group, vars: {x: y}, at: a/b, expect: [fail_message x, {text: [x, y]}]}
      - {file: {size: 2MB, type: application/pdf}, expect: []}
      - {wait: 2h, expect: {source: guard, matches: x}, expect_webhooks: [{to: a, send: {x: y, z: null}}]}
      - {hand_back: true, expect: {silent: any}}
      - {edit: b, expect: silent edited}
";

#[test]
fn rules_and_their_schema_agree() {
    hold(Document::Rules, &[documented(include_str!("../../../../shared/engine/src/rules.rs")), json(RULES)]);
}

#[test]
fn libraries_and_their_schema_agree() {
    hold(Document::Library, &[documented(include_str!("../../../../shared/engine/src/library.rs"))]);
}

#[test]
fn scenarios_and_their_schema_agree() {
    let webhook =
        "steps: {a: {webhook: crm, next: b}, b: {webhook: {to: crm, send: {x: y}}, next: c}, c: {end: goal}}";
    let choice = "steps: {a: {ask: {text: Tea?, weight: 2}, validate: {choice: {tea: [yes, tea], no: no}}, next: b}, \
                  b: {branch: [{reply: [x], next: c}, {reply_matches: x, next: c}, {variable: a, is: x, next: c}], \
                  otherwise: c}, c: {end: goal}}";
    let documented = documented(include_str!("../../../../shared/engine/src/scenario.rs"));
    hold(Document::Scenario, &[documented, json(choice), json(webhook)]);
}

#[test]
fn bot_files_and_their_schema_agree() {
    hold(Document::Bot, &[json(BOT), json("groups: {only: [-5]}"), json("groups: all")]);
}

#[test]
fn tests_and_their_schema_agree() {
    hold(Document::Tests, &[json(TESTS)]);
}

#[test]
fn the_demo_is_as_the_schemas_say() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo/content");
    let mut seen = BTreeSet::new();
    for file in bundle::find(&[PathBuf::from(&demo)]).unwrap() {
        let kinds = Document::value_variants();
        let document = kinds.iter().copied().find(|document| document.kind() == file.kind).unwrap();
        seen.insert(file.kind);
        // The schema is of our own format.
        let text = superbot_as_own(&file.text).ok().filter(|_| file.kind == Kind::Rules).unwrap_or(file.text);
        assert_eq!(Checker::of(document).refusal(&json(&text)), None, "{}", file.path.display());
    }
    assert_eq!(seen.len(), Document::value_variants().len(), "{seen:?}");
}

#[test]
fn each_schema_explains_all_that_can_be_typed() {
    fn check(schema: &Json) {
        if let Json::Object(fields) = &schema["properties"]
            && schema["additionalProperties"] == false
            && fields.len() > 3
        {
            for (name, field) in fields.iter().filter(|(name, _)| *name != "name") {
                assert!(field["description"].is_string(), "{name} is not explained: {field}");
            }
        }
        match schema {
            Json::Object(fields) => fields.values().for_each(check),
            Json::Array(items) => items.iter().for_each(check),
            _ => {}
        }
    }
    for document in Document::value_variants() {
        check(&document.schema());
    }
}
