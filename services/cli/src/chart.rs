//! Small pictures of figures.

/// The heights of a line of figures.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The end of a bar, in eighths of a letter.
const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar for each figure; the largest has one `width` letters long.
pub fn bars(figures: &[f64], width: usize) -> Vec<String> {
    let most = largest(figures);
    figures.iter().map(|figure| bar(*figure, most, width)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is from 0 to 8 times a terminal's width"
)]
fn bar(figure: f64, most: f64, width: usize) -> String {
    if figure <= 0.0 || most <= 0.0 {
        return String::new();
    }
    let eighths = ((figure / most * width as f64 * 8.0).round() as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// How figures went, a letter each.
pub fn spark(figures: &[f64]) -> String {
    let most = largest(figures);
    figures.iter().map(|figure| height(*figure, most)).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 8")]
fn height(figure: f64, most: f64) -> char {
    if figure <= 0.0 || most <= 0.0 {
        return ' ';
    }
    HEIGHTS[((figure / most * 8.0).ceil() as usize).clamp(1, 8) - 1]
}

/// The largest figure; 0 if none is larger.
pub fn largest(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_fills_its_room_and_the_least_is_still_seen() {
        assert_eq!(bars(&[4.0, 8.0, 0.01, 0.0], 4), ["██", "████", "▏", ""]);
        assert_eq!(spark(&[4.0, 8.0, 0.01, 0.0]), "▄█▁ ");
        assert_eq!(bars(&[0.0], 4), [""]);
    }
}
