//! What may be attached to a message, and when it may come, for questions about them to come out as they are wanted to.

use troupe_types::{Media, MediaKind, Timestamp};

use super::Witness;
use crate::rules::{Bounds, Hours, Kinds};

/// The largest file that Telegram carries.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
const MEBIBYTE: u64 = 1024 * 1024;

/// An attachment of which each question holds or not, as it is wanted; `Some(None)` for none at all, if that will do.
#[expect(clippy::option_option, reason = "that nothing fits is another thing than that nothing is attached")]
pub(super) fn attached(asked: &[(Kinds, Bounds, bool)]) -> Option<Option<Media>> {
    let fits = |media: &Option<Media>| {
        asked.iter().all(|(kinds, bounds, wanted)| holds(*kinds, *bounds, media.as_ref()) == *wanted)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes that are none do not fit"
    )]
    let beside = asked.iter().flat_map(|(_, bounds, _)| {
        let (least, most) = (bounds.bytes_min.ceil() as u64, bounds.bytes_max.floor() as u64);
        [least, most, least.saturating_sub(1), most.saturating_add(1)]
    });
    let sizes: Vec<u64> =
        [MEBIBYTE, 0].into_iter().chain(beside).filter(|bytes| *bytes <= FILE_BYTES).collect();
    let kinds = [
        (MediaKind::Photo, None),
        (MediaKind::Document, Some("image/png")),
        (MediaKind::Document, Some("application/pdf")),
        (MediaKind::Other, None),
    ];
    let some = kinds.into_iter().flat_map(|(kind, mime)| {
        sizes.iter().map(move |bytes| {
            let bytes = if kind == MediaKind::Other && *bytes == MEBIBYTE { 0 } else { *bytes };
            Some(Media { kind, bytes, mime: mime.map(str::to_owned) })
        })
    });
    [None].into_iter().chain(some).find(fits)
}

/// Whether there is an attachment of these kinds within these bounds.
pub(super) fn holds(kinds: Kinds, bounds: Bounds, media: Option<&Media>) -> bool {
    media.is_some_and(|media| kinds.have(media) && bounds.hold(media))
}

/// A time at which each question holds or not, as it is wanted; all of them are about the week.
pub(super) fn time(asked: &[(Hours, bool)]) -> Option<Timestamp> {
    const MINUTES: i64 = 7 * 24 * 60;
    // Where something is asked, noon comes last, so that the time is told.
    let minutes = if asked.is_empty() { 0..=0 } else { 1..=MINUTES };
    let mut times = minutes.map(|minute| Timestamp::from_seconds(Witness::NOON.as_seconds() + minute * 60));
    times.find(|time| asked.iter().all(|(hours, wanted)| hours.contain(*time) == *wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Bounds = Bounds { bytes_min: 0.0, bytes_max: f64::INFINITY };

    #[test]
    fn an_attachment_is_found_where_there_is_one() {
        let small = Bounds { bytes_max: 10.0, ..ANY };
        let found = |asked: &[(Kinds, Bounds, bool)]| {
            attached(asked).map(|media| media.map(|media| (media.kind, media.bytes)))
        };
        assert_eq!(found(&[]), Some(None));
        assert_eq!(found(&[(Kinds::Image, ANY, true)]), Some(Some((MediaKind::Photo, MEBIBYTE))));
        assert_eq!(
            found(&[(Kinds::Any, ANY, true), (Kinds::Any, small, false), (Kinds::Photo, ANY, false)]),
            Some(Some((MediaKind::Document, MEBIBYTE)))
        );
        assert_eq!(found(&[(Kinds::Photo, small, true)]), Some(Some((MediaKind::Photo, 0))));
        assert_eq!(found(&[(Kinds::Photo, ANY, true), (Kinds::Image, ANY, false)]), None);
        assert_eq!(found(&[(Kinds::Any, ANY, false), (Kinds::Photo, small, true)]), None);
    }
}
