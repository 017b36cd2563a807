//! Webhooks: what rules and scenarios tell programs outside. Content names whom; where that is, the installation says.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ActionBody, Faults, Source,
    document::{At, is_plain_name},
    limits,
    template::Template,
    text,
    turn::Turn,
};

const FIELDS: &[&str] = &["to", "send"];

/// A webhook as content calls it: `crm`, or `{to: crm, send: {name: "{{person.first_name}}"}}`.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    target: Arc<str>,
    /// What it is told, each with its name.
    send: Vec<(String, Template)>,
}

impl Webhook {
    pub fn read(at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        if !at.is_map() {
            return Some(Self { target: target(at, faults)?, send: Vec::new() });
        }
        let object = at.object(FIELDS, faults)?;
        let send = object.optional("send", faults, values);
        let target = target(&object.required("to", faults)?, faults);
        Some(Self { target: target?, send: send.ok()?.unwrap_or_default() })
    }

    /// Lets the webhook be called, with its values as they are now. `label` tells this place from others, for chance;
    /// `language` is what the conversation is held in, if that is settled.
    pub fn call(&self, source: Source, label: &[&str], language: Option<&str>, turn: &mut Turn<'_>) {
        let send: BTreeMap<_, _> = self
            .send
            .iter()
            .map(|(name, template)| {
                let chance = || turn.seed.stream(&[label, &["webhook", name]].concat());
                let value = template.expand(&turn.values(language), chance);
                (name.clone(), text::cut(value, limits::TEXT_UTF16).0)
            })
            .collect();
        turn.act(source, ActionBody::Webhook { target: Arc::clone(&self.target), send });
    }
}

fn target(at: &At<'_>, faults: &mut Faults) -> Option<Arc<str>> {
    let name = at.text(faults)?;
    if !is_plain_name(name) {
        faults.at(at, format!("{name:?} is no name of a webhook: use 1 to 64 of a-z, 0-9, - and _"));
        return None;
    }
    Some(name.into())
}

fn values(at: &At<'_>, faults: &mut Faults) -> Option<Vec<(String, Template)>> {
    if !at.map(limits::WEBHOOK_VALUES, faults) {
        return None;
    }
    let values: Vec<_> = at
        .fields()
        .map(|(name, field)| {
            let template = Template::parse(field.text(faults)?);
            Some((name.text.clone(), template.map_err(|reason| faults.at(&field, reason)).ok()?))
        })
        .collect();
    values.into_iter().collect()
}
