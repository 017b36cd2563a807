use super::{Kind, Step};
use crate::{Faults, document::At, limits};

/// Refuses steps that could follow each other for ever, or too long, without waiting for an answer: after this, no
/// update passes through more than [`limits::TRANSITIONS`] steps.
pub(super) fn check(steps: &[Step], at: &At<'_>, faults: &mut Faults) {
    let mut lengths = vec![Length::Unknown; steps.len()];
    for ((number, step), (key, field)) in steps.iter().enumerate().zip(at.fields()) {
        let reason = match length(steps, number, &mut lengths) {
            Length::Endless => {
                format!(
                    "from {:?} on, steps can follow each other in a circle without waiting for an answer",
                    step.name
                )
            }
            Length::Steps(count) if count > limits::TRANSITIONS => {
                let limit = limits::TRANSITIONS;
                format!(
                    "from {:?} on, {count} steps follow each other without waiting, more than {limit}",
                    step.name
                )
            }
            Length::Steps(_) | Length::Unknown | Length::Open => continue,
        };
        faults.push(key.mark, field.pointer(), reason);
    }
}

/// How many steps an update that comes to a step may pass through, that step included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Unknown,
    /// Being found out: whoever meets it again has gone in a circle.
    Open,
    Steps(usize),
    Endless,
}

/// Walks the steps without recursion: there may be a thousand in a row.
fn length(steps: &[Step], start: usize, lengths: &mut [Length]) -> Length {
    let mut path = vec![start];
    while let Some(&number) = path.last() {
        if matches!(lengths[number], Length::Steps(_) | Length::Endless) {
            path.pop();
            continue;
        }
        let following = following(&steps[number]);
        if lengths[number] == Length::Unknown {
            lengths[number] = Length::Open;
            path.extend(following.iter().filter(|next| lengths[**next] == Length::Unknown));
            continue;
        }
        let next = following.iter().map(|next| lengths[*next]);
        lengths[number] = next.fold(Length::Steps(1), |longest, next| match (longest, next) {
            (Length::Steps(longest), Length::Steps(next)) => Length::Steps(longest.max(next + 1)),
            _ => Length::Endless,
        });
        path.pop();
    }
    lengths[start]
}

/// The steps that may follow without an answer.
fn following(step: &Step) -> Vec<usize> {
    match &step.kind {
        Kind::Say { next, .. } | Kind::Set { next, .. } | Kind::Webhook { next, .. } => vec![*next],
        Kind::Branch { branches, otherwise } => {
            branches.iter().map(|branch| branch.next).chain([*otherwise]).collect()
        }
        // The other scenario may end without waiting.
        Kind::Call { next, otherwise, .. } => vec![*next, *otherwise],
        Kind::Ask(_) | Kind::Wait { .. } | Kind::HandOver { .. } | Kind::End { .. } => Vec::new(),
    }
}
