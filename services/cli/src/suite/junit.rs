//! The outcome of tests as JUnit XML, which build servers show.

use std::fmt::Write as _;

use super::Played;

/// The report.
pub fn report(played: &[Played]) -> String {
    let failed = |played: &Played| played.cases.iter().filter(|case| !case.failures.is_empty()).count();
    let tests: usize = played.iter().map(|suite| suite.cases.len()).sum();
    let failures: usize = played.iter().map(failed).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"troupe\" tests=\"{tests}\" failures=\"{failures}\">");
    for suite in played {
        let file = escaped(&suite.path.display().to_string());
        let count = suite.cases.len();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{count}\" failures=\"{}\" errors=\"0\">",
            failed(suite)
        );
        for case in &suite.cases {
            let name = escaped(&case.name);
            let _ = write!(
                xml,
                "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{}\"",
                case.line
            );
            if case.failures.is_empty() {
                xml.push_str("/>\n");
                continue;
            }
            xml.push_str(">\n");
            for failure in &case.failures {
                let message = escaped(&format!("expected {}, came {}", failure.expected, failure.came));
                let why = anstream::adapter::strip_str(&failure.why).to_string();
                let detail = format!("{}:{}\n{why}", suite.path.display(), failure.line);
                let _ = writeln!(xml, "      <failure message=\"{message}\">{}</failure>", escaped(&detail));
            }
            xml.push_str("    </testcase>\n");
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// With what XML can't say taken out: most control characters have no spelling in it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(char),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if char.is_control() => {}
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_gives_a_meaning_is_escaped() {
        assert_eq!(escaped("a<b> & \"c\"\u{1}\n"), "a&lt;b&gt; &amp; &quot;c&quot;\n");
    }
}
