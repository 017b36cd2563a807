//! `troupe schema`.

use super::check;

#[test]
fn a_schema_is_printed_for_each_kind_of_file() {
    for (kind, field) in [
        ("rules", "groups"),
        ("library", "entries"),
        ("scenario", "steps"),
        ("bot", "scenarios"),
        ("tests", "phrases"),
    ] {
        let printed = check(&["schema", kind], "", 0);
        let schema: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{kind}");
        assert!(schema["properties"][field]["description"].is_string(), "{kind}: {schema:#}");
    }
    let told = check(&["schema", "rule"], "", 2);
    assert!(told.contains("rules, library, scenario, bot, tests"), "{told}");
}
