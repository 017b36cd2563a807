//! Scenarios that documents start or call: they have to be those of the bot that speaks from the document.

use troupe_engine::{Use, Uses};
use troupe_protocol::{BotSettings, ContentKind, ContentName};

use crate::{
    content,
    error::{ApiError, FaultBody},
    registry,
    state::Manager,
};

/// What is wrong with the scenarios that a document names, of each bot that speaks from it.
///
/// # Errors
/// If the bus fails.
pub async fn faults(
    manager: &Manager,
    kind: ContentKind,
    name: &str,
    uses: &Uses,
) -> Result<Vec<FaultBody>, ApiError> {
    let mut faults = Vec::new();
    if uses.scenarios.is_empty() {
        return Ok(faults);
    }
    for record in registry::records(manager).await? {
        let settings = &record.settings;
        if speakers(settings).all(|(of, named)| of != kind || named.as_str() != name) {
            continue;
        }
        for used in missing(settings, uses) {
            let Use { name, line, column, field } = used;
            let reason = format!(
                "{} has no scenario {name:?}: put that first and name it in the bot's settings, with weight 0 if nobody is \
                 to be given it",
                record.name
            );
            faults.push(FaultBody { line: *line, column: *column, field: field.clone(), reason });
        }
    }
    Ok(faults)
}

/// Refuses settings that leave out a scenario which the bot's documents name, or with which no scenario could ever start.
///
/// # Errors
/// What is to be said instead, or if the bus fails.
pub async fn check(manager: &Manager, settings: &BotSettings) -> Result<(), ApiError> {
    let mut started = false;
    for (kind, name) in speakers(settings) {
        // One with faults was stored by somebody else: it is told where it is used.
        let Some(uses) = content::uses(manager, kind, name).await? else { continue };
        if let Some(Use { name: scenario, line, .. }) = missing(settings, &uses).next() {
            return Err(ApiError::BadRequest(format!(
                "scenarios: {kind} {name} names the scenario {scenario:?} in line {line}: add it, with weight 0 if nobody \
                 is to be given it"
            )));
        }
        started |= kind == ContentKind::Rules && !uses.scenarios.is_empty();
    }
    let scenarios = &settings.scenarios;
    if !scenarios.is_empty() && !started && scenarios.iter().all(|weighted| weighted.weight == 0) {
        let reason = "scenarios: all have weight 0 and no rule starts one: nobody would ever come into them";
        return Err(ApiError::BadRequest(reason.to_owned()));
    }
    Ok(())
}

/// The documents of a bot that can start or call scenarios.
fn speakers(settings: &BotSettings) -> impl Iterator<Item = (ContentKind, &ContentName)> {
    let rules = settings.rules.iter().map(|name| (ContentKind::Rules, name));
    rules.chain(settings.scenarios.iter().map(|weighted| (ContentKind::Scenario, &weighted.name)))
}

/// The places that name scenarios which are not among those of the settings.
fn missing<'u>(settings: &BotSettings, uses: &'u Uses) -> impl Iterator<Item = &'u Use> {
    uses.scenarios
        .iter()
        .filter(|used| !settings.scenarios.iter().any(|weighted| weighted.name.as_str() == &*used.name))
}
