//! What schemas are made of.

use serde_json::{Map, Value as Json, json};

use crate::limits;

/// A whole schema: `title`, what stands in the document, and what of it is used in several places.
pub fn document(title: &str, about: &str, root: Json, parts: Json) -> Json {
    let mut schema = root;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = title.into();
    schema["description"] = about.into();
    schema["$defs"] = parts;
    schema
}

/// A map with these fields and no others. Those that are not required may be null, which is as if they were not there.
///
/// # Panics
/// If `fields` is no map from names to schemas.
pub fn map(required: &[&str], fields: Json) -> Json {
    let Json::Object(fields) = fields else { panic!("fields are a map") };
    let fields = fields.into_iter().map(|(name, field)| {
        let field = if required.contains(&name.as_str()) { field } else { nullable(field) };
        (name, field)
    });
    let mut schema =
        json!({"type": "object", "properties": fields.collect::<Map<_, _>>(), "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// `schema`, or null.
pub(super) fn nullable(mut schema: Json) -> Json {
    let nothing = json!({"type": "null"});
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
        return schema;
    }
    match schema.get_mut("type") {
        Some(Json::Array(types)) => types.push("null".into()),
        Some(kind) => *kind = json!([kind, "null"]),
        None => {
            if let Some(Json::Array(ways)) = schema.get_mut("anyOf") {
                ways.push(nothing);
            } else {
                let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
                schema = json!({"anyOf": [schema, nothing]});
                if let Some(description) = description {
                    schema["description"] = description;
                }
            }
        }
    }
    schema
}

/// A map whose fields' names are the author's choice.
pub fn map_of(count_max: usize, value: &Json) -> Json {
    let name = json!({"minLength": 1, "maxLength": limits::NAME_CHARS});
    json!({"type": "object", "additionalProperties": value, "propertyNames": name, "maxProperties": count_max})
}

/// A list.
pub fn list(count_max: usize, item: &Json) -> Json {
    json!({"type": "array", "items": item, "maxItems": count_max})
}

/// A value, or a list of at least one.
pub fn one_or_more(count_max: usize, item: &Json) -> Json {
    json!({"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "maxItems": count_max}]})
}

/// A part that stands in the document's `$defs`.
pub fn part(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// `schema` with what an editor shows of it.
pub fn about(description: &str, mut schema: Json) -> Json {
    schema["description"] = description.into();
    schema
}

/// A text.
pub fn text() -> Json {
    json!({"type": "string"})
}

/// A text that names something.
pub fn name() -> Json {
    json!({"type": "string", "minLength": 1, "maxLength": limits::NAME_CHARS})
}

/// True or false.
pub fn boolean() -> Json {
    json!({"type": "boolean"})
}

/// A number.
pub fn number() -> Json {
    json!({"type": "number"})
}

/// One of these texts.
pub fn one_of(values: &[&str]) -> Json {
    json!({"enum": values})
}

/// One of these schemas.
pub fn any_of(schemas: &[Json]) -> Json {
    json!({"anyOf": schemas})
}

/// The condition that the field `name` is there, and not null.
pub fn has(name: &str) -> Json {
    json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}})
}

/// The condition that one of these fields is there.
pub fn has_any(names: &[&str]) -> Json {
    names.iter().map(|name| has(name)).collect()
}

/// A duration such as `5m`.
pub(super) fn duration() -> Json {
    json!({"type": "string", "pattern": "^[+]?[0-9]+[smhd]$", "examples": ["30s", "5m", "2h", "3d"]})
}

/// A regular expression.
pub(super) fn regex() -> Json {
    json!({"type": "string", "maxLength": limits::REGEX_BYTES})
}

/// What entries and conditions rest.
pub(super) fn cooldown() -> Json {
    let either = map(
        &[],
        json!({
            "chat": about("To everybody in this chat.", duration()),
            "person": about("To this person, in every chat.", duration()),
        }),
    );
    any_of(&[duration(), either])
}

pub(super) fn chance() -> Json {
    json!({"type": "number", "minimum": 0, "maximum": 1})
}

/// A webhook that is called.
pub(super) fn webhook() -> Json {
    let send = map_of(limits::WEBHOOK_VALUES, &text());
    let detailed = map(
        &["to"],
        json!({
            "to": about("Its name: where that is, the installation says.", plain_name()),
            "send": about("What it is told; {{person.first_name}} is a value.", send),
        }),
    );
    any_of(&[plain_name(), detailed])
}

/// A name that can stand in addresses and keys.
fn plain_name() -> Json {
    json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"})
}

/// The parts that [`answers`] refers to.
pub(super) fn answer_parts() -> Json {
    let variation = map(
        &[],
        json!({
            "text": about("A text; {one|another} is one of the two by chance, {{person.first_name}} a value.", text()),
            "photo": about("Shows the photo that was put as media under this name.", plain_name()),
            "document": about("Sends the file that was put as media under this name.", plain_name()),
            "weight": about("How often it is said beside the others; 1 by default.",
                json!({"type": "integer", "minimum": 1, "maximum": 1_000_000})),
        }),
    );
    let mut variation = variation;
    variation["anyOf"] = has_any(&["text", "photo", "document"]);
    let languages = json!({
        "type": "object", "minProperties": 1, "additionalProperties": part("variations"),
        "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
    });
    json!({
        "variation": any_of(&[json!({"type": "string", "minLength": 1}), variation]),
        "variations": one_or_more(limits::VARIATIONS, &part("variation")),
        "answers": any_of(&[part("variations"), languages]),
    })
}

/// What is said: a text, variations of it, or either for each language.
pub(super) fn answers() -> Json {
    part("answers")
}
