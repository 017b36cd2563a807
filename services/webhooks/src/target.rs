//! What can be called, as the settings have it, ready to be called.

use std::{net::IpAddr, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::Uri;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use troupe_protocol::ContentName;

use crate::{address, config::TargetConfig};

/// What a secret begins with, as receivers' libraries know it.
const SECRET_PREFIX: &str = "whsec_";

/// Something that can be called.
pub(crate) struct Target {
    pub(crate) name: ContentName,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The host as the URL has it, with the port if that is not the usual one.
    pub(crate) authority: String,
    pub(crate) path: String,
    /// `None` if it is called in the clear.
    pub(crate) tls: Option<Tls>,
    pub(crate) key: Vec<u8>,
    own_network: bool,
}

/// How a target is called over TLS.
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl Target {
    /// Reads the settings of the target `name`.
    ///
    /// # Errors
    /// If one cannot be used; the error names the key.
    pub(crate) fn new(name: &ContentName, config: &TargetConfig) -> anyhow::Result<Self> {
        let key = |key: &str| format!("targets.{name}.{key}");
        let uri: Uri =
            config.url.parse().with_context(|| format!("{} is no URL: {:?}", key("url"), config.url))?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if config.own_network => false,
            Some("http") => bail!(
                "{} has to begin with https://; http:// will do only in your own network: {} = true",
                key("url"),
                key("own_network")
            ),
            _ => bail!("{} has to begin with https://, it is {:?}", key("url"), config.url),
        };
        let authority = uri.authority().with_context(|| format!("{} names no host", key("url")))?;
        ensure!(
            !authority.as_str().contains('@'),
            "{} must not have a user or password in it: calls are signed",
            key("url")
        );
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if encrypted { Some(tls(&host, config).with_context(|| key("ca_file"))?) } else { None };
        Ok(Self {
            name: name.clone(),
            port: authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            tls,
            key: secret(config.secret.expose()).with_context(|| key("secret"))?,
            own_network: config.own_network,
            host,
        })
    }

    /// Whether it may be at `address`.
    pub(crate) fn may_be_at(&self, address: IpAddr) -> bool {
        if self.own_network { address::is_own(address) } else { address::is_public(address) }
    }
}

/// The key of a secret, which never shows in the error.
fn secret(text: &str) -> anyhow::Result<Vec<u8>> {
    const EXAMPLE: &str = "e.g. `echo whsec_$(openssl rand -base64 32)`";
    let Some(encoded) = text.strip_prefix(SECRET_PREFIX) else {
        bail!("it has to begin with {SECRET_PREFIX}, {EXAMPLE}");
    };
    let Ok(key) = BASE64_STANDARD.decode(encoded) else { bail!("it is no base64, {EXAMPLE}") };
    ensure!((24..=64).contains(&key.len()), "it has to be of 24 to 64 bytes, {EXAMPLE}");
    Ok(key)
}

fn tls(host: &str, config: &TargetConfig) -> anyhow::Result<Tls> {
    let client = troupe_tls::client_config(config.ca_file.as_deref())?;
    let name = ServerName::try_from(host.to_owned()).context("the URL's host is no name")?;
    Ok(Tls { connector: TlsConnector::from(Arc::new(client)), name })
}

#[cfg(test)]
mod tests {
    use troupe_protocol::Secret;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn target(url: &str, secret: &str, own_network: bool) -> Result<Target, String> {
        let config =
            TargetConfig { url: url.to_owned(), secret: Secret::new(secret), own_network, ca_file: None };
        Target::new(&"crm".parse().unwrap(), &config).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_target_is_read_from_its_url() {
        let crm = target("https://crm.example.org/hooks?to=us", SECRET, false).unwrap();
        let at = (crm.host.as_str(), crm.port, crm.authority.as_str(), crm.path.as_str());
        assert_eq!(at, ("crm.example.org", 443, "crm.example.org", "/hooks?to=us"));
        let own = target("http://[fd12::1]:8080", SECRET, true).unwrap();
        let at = (own.host.as_str(), own.port, own.authority.as_str(), own.path.as_str());
        assert_eq!(at, ("fd12::1", 8080, "[fd12::1]:8080", "/"));
        assert!(own.tls.is_none());
        assert!(own.may_be_at("10.0.0.1".parse().unwrap()) && !crm.may_be_at("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_secret_is_shown() {
        for (url, secret, expected) in [
            (
                "http://crm.example.org/",
                SECRET,
                "targets.crm.url has to begin with https://; http:// will do",
            ),
            ("ftp://crm.example.org/", SECRET, "targets.crm.url has to begin with https://"),
            ("crm", SECRET, "targets.crm.url has to begin with https://"),
            ("https://me:pass@crm.example.org/", SECRET, "targets.crm.url must not have a user"),
            ("https://crm.example.org/", "hunter2hunter2", "targets.crm.secret: it has to begin with whsec_"),
            ("https://crm.example.org/", "whsec_hunter2!", "targets.crm.secret: it is no base64"),
            ("https://crm.example.org/", "whsec_aHVudGVyMg==", "targets.crm.secret: it has to be of 24"),
        ] {
            let error = target(url, secret, false).map(|_| ()).unwrap_err();
            assert!(error.starts_with(expected), "{url}: {error}");
            assert!(!error.contains("hunter2") && !error.contains("aHVud"), "{error}");
        }
    }
}
