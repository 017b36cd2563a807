//! A private apt: the machine's mirrors and keys, but lists, cache and packages in a folder of our own.
//!
//! Nothing is installed. Packages are downloaded, checked by apt as always, and unpacked where they are wanted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    sources::{self, Source},
    step,
};
use crate::{Error, error::Doing};

/// Where packages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suite {
    /// What this machine runs, with its updates.
    Own,
    /// A Debian that is newer than any machine's, by name.
    Newer(&'static str),
}

const NO_APT: &str =
    "This step needs Debian's apt-get and dpkg-deb, the network, and a Debian mirror in /etc/apt.";

/// A package manager that keeps to one folder.
pub(super) struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Makes one that keeps lists and packages below `folder`, for as long as the folder is there.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Downloads `packages` of `suite` and unpacks them into `target`; with `dependencies`, also all they need that
    /// this machine has not installed.
    pub(super) fn unpack(
        &self,
        suite: Suite,
        packages: &[&str],
        dependencies: bool,
        target: &Path,
        advice: &str,
    ) -> Result<(), Error> {
        let advice = format!("{advice}\n{NO_APT}");
        let lists = candidates(&sources::of_machine(), &codename(), suite);
        let mut failure = Error::new(
            format!("get {}", packages.join(", ")),
            "no Debian mirror among the apt sources of this machine (/etc/apt/sources.list, /etc/apt/sources.list.d)",
        )
        .advise(&advice);
        // Several mirrors may be configured, and an odd one may lack the suite: the first that delivers is taken.
        for list in lists {
            match self.unpack_from(&list, suite, packages, dependencies, target, &advice) {
                Ok(()) => return Ok(()),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn unpack_from(
        &self,
        list: &str,
        suite: Suite,
        packages: &[&str],
        dependencies: bool,
        target: &Path,
        advice: &str,
    ) -> Result<(), Error> {
        let names = packages.join(", ");
        let folder = self.folder.join(match suite {
            Suite::Own => "own",
            Suite::Newer(name) => name,
        });
        let _ = fs::remove_dir_all(folder.join("archives"));
        for part in ["lists/partial", "cache", "archives/partial"] {
            fs::create_dir_all(folder.join(part))
                .doing(|| format!("make {}", folder.join(part).display()))?;
        }
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).doing(|| format!("write {}", path.display()))
        };
        write("sources.list", list)?;
        write("apt.conf", &configuration(&folder))?;
        let apt = || {
            let mut command = Command::new("apt-get");
            command
                .arg("-c")
                .arg(folder.join("apt.conf"))
                .arg("-qq")
                .env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        let from = match suite {
            Suite::Own => "this machine's Debian".to_owned(),
            Suite::Newer(name) => format!("Debian {name}"),
        };
        step::run(
            &format!("read the package list of {from}"),
            apt().arg("update"),
            &folder.join("lists"),
            advice,
        )?;
        let archives = folder.join("archives");
        let mut download = apt();
        if dependencies {
            download.args(["install", "--download-only", "--yes", "--no-install-recommends"]);
        } else {
            download.arg("download");
        }
        download.args(packages).current_dir(&archives);
        step::run(&format!("download {names} of {from}"), &mut download, &archives, advice)?;
        fs::create_dir_all(target).doing(|| format!("make {}", target.display()))?;
        let mut files: Vec<PathBuf> = fs::read_dir(&archives)
            .doing(|| format!("read {}", archives.display()))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        files.sort();
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let size = step::bytes(fs::metadata(file).map_or(0, |metadata| metadata.len()));
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("-x").arg(file).arg(target);
            step::run(&format!("unpack {name} ({size})"), &mut unpack, target, advice)?;
        }
        Ok(())
    }
}

/// What this machine calls its release, e.g. `bookworm`; empty if it does not say.
fn codename() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.unwrap_or_default().trim_matches('"').to_owned()
}

/// The lists of sources to try, one after the other.
fn candidates(sources: &[Source], codename: &str, suite: Suite) -> Vec<String> {
    let release = |source: &Source| {
        source.suite == codename
            || matches!(source.suite.as_str(), "stable" | "oldstable" | "testing" | "unstable" | "sid")
    };
    let main = |source: &Source| source.components.iter().any(|component| component == "main");
    let keyring = |source: &Source| source.keyring.clone().unwrap_or_else(default_keyring);
    match suite {
        Suite::Own => {
            let wanted = |source: &&Source| {
                let part = source.suite.strip_prefix(codename);
                main(source)
                    && (release(source) || matches!(part, Some("-updates" | "-security" | "/updates")))
            };
            let line = |source: &Source| source.line(&source.suite, &source.components, &keyring(source));
            let list: String = sources.iter().filter(wanted).map(line).collect();
            if list.is_empty() { Vec::new() } else { vec![list] }
        }
        Suite::Newer(name) => {
            let mut lists: Vec<String> = Vec::new();
            for source in sources.iter().filter(|source| main(source) && release(source)) {
                // Whatever key the machine demands of the mirror's own suite: a newer one is signed by Debian.
                let line = source.line(name, &["main".to_owned()], &default_keyring());
                if !lists.contains(&line) {
                    lists.push(line);
                }
            }
            lists
        }
    }
}

/// Debian's own keys as the machine has them.
fn default_keyring() -> String {
    let places =
        ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];
    (*places.iter().find(|place| Path::new(place).exists()).unwrap_or(&places[1])).to_owned()
}

/// What turns the machine's apt into a private one. Its proxy and certificate settings stay as they are; its hooks are
/// dropped, for they would touch the system's own cache.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Dir::Etc::sourcelist \"{folder}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::State::lists \"{folder}/lists\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Dir::Cache::archives \"{folder}/archives\";\n\
         APT::Update::Error-Mode \"any\";\n\
         APT::Sandbox::User \"root\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n\
         Debug::NoLocking \"true\";\n\
         #clear APT::Update::Pre-Invoke;\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n\
         #clear DPkg::Pre-Invoke;\n\
         #clear DPkg::Post-Invoke;\n\
         #clear DPkg::Pre-Install-Pkgs;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<Source> {
        let source = |uri: &str, suite: &str, components: &[&str]| Source {
            uri: uri.into(),
            suite: suite.into(),
            components: components.iter().map(|&name| name.to_owned()).collect(),
            keyring: Some("/k.gpg".into()),
        };
        vec![
            source("http://m.test/debian", "bookworm", &["main", "contrib"]),
            source("http://m.test/debian", "bookworm-updates", &["main"]),
            source("http://m.test/debian-security", "bookworm-security", &["main"]),
            source("http://third.test/pg", "bookworm-pgdg", &["main"]),
            source("http://third.test/docker", "bookworm", &["stable"]),
            source("http://n.test/debian", "bookworm", &["main"]),
        ]
    }

    #[test]
    fn own_suite_keeps_the_updates_and_leaves_third_parties_out() {
        let lists = candidates(&sources(), "bookworm", Suite::Own);
        assert_eq!(
            lists,
            ["deb [signed-by=/k.gpg] http://m.test/debian bookworm main contrib\n\
             deb [signed-by=/k.gpg] http://m.test/debian bookworm-updates main\n\
             deb [signed-by=/k.gpg] http://m.test/debian-security bookworm-security main\n\
             deb [signed-by=/k.gpg] http://n.test/debian bookworm main\n"]
        );
    }

    #[test]
    fn newer_suite_is_tried_at_each_mirror_with_debians_own_key() {
        let lists = candidates(&sources(), "bookworm", Suite::Newer("forky"));
        let key = default_keyring();
        let line = |host: &str| format!("deb [signed-by={key}] http://{host}.test/debian forky main\n");
        assert_eq!(lists, [line("m"), line("n")]);
    }

    #[test]
    fn machine_without_debian_has_no_candidates() {
        assert!(candidates(&[], "bookworm", Suite::Own).is_empty());
        assert!(candidates(&sources(), "noble", Suite::Newer("sid")).is_empty());
    }
}
