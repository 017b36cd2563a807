//! Reads the machine's own apt sources, so that no mirror's name has to be known here.

use std::{fs, path::Path};

/// One archive that packages can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// As apt takes it: `http://…`, `mirror+file:…`.
    pub uri: String,
    pub suite: String,
    pub components: Vec<String>,
    /// The file of keys that must have signed it; `None` if the machine does not say.
    pub keyring: Option<String>,
}

impl Source {
    /// The line of a sources list, for another `suite` of the same archive.
    pub(super) fn line(&self, suite: &str, components: &[String], keyring: &str) -> String {
        format!("deb [signed-by={keyring}] {} {suite} {}\n", self.uri, components.join(" "))
    }
}

/// Every binary source that the machine's apt uses.
pub(super) fn of_machine() -> Vec<Source> {
    let mut sources =
        read(Path::new("/etc/apt/sources.list")).map(|text| one_line(&text)).unwrap_or_default();
    let mut files: Vec<_> = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files {
        let Some(text) = read(&file) else { continue };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(one_line(&text)),
            Some("sources") => sources.extend(deb822(&text)),
            _ => {}
        }
    }
    sources
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Parses the one-line format: `deb [signed-by=/key] http://mirror/debian bookworm main`.
fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(one_line_entry).collect()
}

fn one_line_entry(line: &str) -> Option<Source> {
    let rest = line.split('#').next()?.trim().strip_prefix("deb")?;
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let keyring = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        uri: words.next()?,
        suite: words.next()?,
        components: words.collect(),
        keyring: keyring.and_then(keyring_file),
    })
}

/// Parses the deb822 format: paragraphs of `Field: value`, where each type, URI and suite is combined with each other.
fn deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        let fields = fields(paragraph);
        let words = |name: &str| -> Vec<String> {
            let value =
                fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            value.map(|value| value.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
        };
        let enabled = !matches!(words("Enabled").first().map(String::as_str), Some("no" | "false"));
        if !enabled || !words("Types").iter().any(|kind| kind == "deb") {
            continue;
        }
        let keyring = words("Signed-By").first().and_then(|word| keyring_file(word));
        for uri in words("URIs") {
            for suite in words("Suites") {
                let (uri, keyring) = (uri.clone(), keyring.clone());
                sources.push(Source { uri, suite, components: words("Components"), keyring });
            }
        }
    }
    sources
}

fn fields(paragraph: &[&str]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in paragraph {
        if line.starts_with(char::is_whitespace) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

/// A key can also stand in the source itself, or be given by its fingerprint; then the machine's own file is used.
fn keyring_file(value: &str) -> Option<String> {
    value.split(',').find(|part| part.starts_with('/')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(uri: &str, suite: &str, components: &[&str], keyring: Option<&str>) -> Source {
        Source {
            uri: uri.into(),
            suite: suite.into(),
            components: components.iter().map(|&name| name.to_owned()).collect(),
            keyring: keyring.map(str::to_owned),
        }
    }

    #[test]
    fn one_line_entries_are_read_with_their_options() {
        let text = "# deb http://old.test/debian buster main\n\
            deb http://mirror.test/debian bookworm main contrib # ours\n\
            deb-src http://mirror.test/debian bookworm main\n\
            \tdeb [ arch=amd64 signed-by=/usr/share/keyrings/d.gpg ] mirror+file:/etc/apt/m.list trixie main\n\
            deb\n";
        assert_eq!(
            one_line(text),
            [
                source("http://mirror.test/debian", "bookworm", &["main", "contrib"], None),
                source("mirror+file:/etc/apt/m.list", "trixie", &["main"], Some("/usr/share/keyrings/d.gpg")),
            ]
        );
    }

    #[test]
    fn paragraphs_are_multiplied_out() {
        let text = "Types: deb deb-src\n# a comment\nURIs: http://a.test/debian\n http://b.test/debian\n\
            Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n\n\
            Types: deb\nEnabled: no\nURIs: http://c.test/\nSuites: x\nComponents: main\n\n\
            Types: deb-src\nURIs: http://d.test/\nSuites: x\nComponents: main\n\n\n\
            types: deb\nuris: http://e.test/\nsuites: sid\ncomponents: main\nsigned-by:\n -----BEGIN PGP KEY-----\n .\n";
        let both = |uri: &str, suite: &str| source(uri, suite, &["main"], Some("/k.gpg"));
        assert_eq!(
            deb822(text),
            [
                both("http://a.test/debian", "bookworm"),
                both("http://a.test/debian", "bookworm-updates"),
                both("http://b.test/debian", "bookworm"),
                both("http://b.test/debian", "bookworm-updates"),
                source("http://e.test/", "sid", &["main"], None),
            ]
        );
    }

    #[test]
    fn another_suite_of_the_same_archive_is_one_line() {
        let main = source("http://m.test/debian", "bookworm", &["main"], None);
        let line = main.line("sid", &main.components, "/k.gpg");
        assert_eq!(line, "deb [signed-by=/k.gpg] http://m.test/debian sid main\n");
        assert_eq!(one_line(&line), [source("http://m.test/debian", "sid", &["main"], Some("/k.gpg"))]);
    }
}
