use crate::{Content, Decision, Seed, State, Trace, Update};
/// Decides.
pub fn decide(_content: &Content, state: &State, _update: &Update, _seed: Seed) -> Decision {
    Decision { actions: vec![], state: state.clone(), events: vec![], trace: Trace::default() }
}
/// Decides, and tells in the trace what was tried.
pub fn explain(content: &Content, state: &State, update: &Update, seed: Seed) -> Decision {
    decide(content, state, update, seed)
}
