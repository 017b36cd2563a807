use std::sync::Arc;

use super::{Kind, Scenario, Step, walk};
use crate::{StepOutcome, Tried, state::Progress, turn::Turn};

/// Where a person waits.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub scenario: Arc<Scenario>,
    /// The step's number.
    pub step: usize,
    pub progress: Progress,
}

impl Place {
    /// Where the person of this turn waits, if a scenario is running. Moves whoever waits at a step that the newest
    /// version has another one for; takes out of the scenario whoever is at no step that waits.
    pub fn find(turn: &mut Turn<'_>) -> Option<Self> {
        let mut progress = turn.state.person.scenario.clone()?;
        if let Some(newest) = newest(&progress.scenario, turn)
            && newest.version > progress.version
            && let Some(&step) = newest.replaces.get(&progress.step)
        {
            let name = &newest.steps[step].name;
            walk::note(newest, name, StepOutcome::Moved, turn);
            progress.version = newest.version;
            progress.step = name.to_string();
            progress.refused = 0;
            turn.state.person.scenario = Some(progress.clone());
        }
        let Some(scenario) = turn.content.scenario(&progress.scenario, progress.version).map(Arc::clone)
        else {
            turn.trace.note(|| Tried::Scenario {
                scenario: progress.scenario.as_str().into(),
                version: progress.version,
                step: progress.step.as_str().into(),
                outcome: StepOutcome::VersionMissing,
            });
            return None;
        };
        let step = scenario.step(&progress.step).filter(|step| scenario.steps[*step].kind.waits());
        let Some(step) = step else {
            walk::note(&scenario, &progress.step.as_str().into(), StepOutcome::StepMissing, turn);
            walk::leave(turn);
            return None;
        };
        Some(Self { scenario, step, progress })
    }

    /// The step.
    pub fn step(&self) -> &Step {
        &self.scenario.steps[self.step]
    }

    /// The scenarios that the person is in the middle of: this one, then those that called it, the first of them last.
    pub fn all(&self, turn: &Turn<'_>) -> Vec<Arc<Scenario>> {
        let callers = self.progress.callers.iter().rev();
        let callers = callers.filter_map(|caller| turn.content.scenario(&caller.scenario, caller.version));
        std::iter::once(&self.scenario).chain(callers).map(Arc::clone).collect()
    }

    /// Where the person is put who has come back from a scenario that ended with its goal or without it: the step that
    /// the last caller goes on with. `None` if nobody called it, or the caller cannot be found any more.
    pub fn of_caller(
        progress: &mut Progress,
        goal: bool,
        turn: &mut Turn<'_>,
    ) -> Option<(Arc<Scenario>, usize)> {
        let caller = progress.callers.pop()?;
        let scenario = Arc::clone(turn.content.scenario(&caller.scenario, caller.version)?);
        let step = &scenario.steps[scenario.step(&caller.step)?];
        let Kind::Call { next, otherwise, .. } = step.kind else { return None };
        walk::note(&scenario, &step.name, StepOutcome::Returned, turn);
        progress.scenario = caller.scenario;
        progress.version = caller.version;
        progress.step = caller.step;
        Some((scenario, if goal { next } else { otherwise }))
    }
}

/// The newest version of the bot's scenario `name`.
pub(super) fn newest<'a>(name: &str, turn: &Turn<'a>) -> Option<&'a Arc<Scenario>> {
    let scenarios = turn.content.scenarios.iter().map(|weighted| &weighted.scenario);
    scenarios.into_iter().find(|scenario| scenario.name() == name)
}
