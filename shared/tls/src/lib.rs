//! TLS towards servers: whom to trust, and how that is given to a client.
//!
//! Trusted are the certificates of the system, and those of a file that a setting may name: an installation's own
//! authority, or the server's certificate itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
pub use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
pub use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject as _},
    },
};

/// After how long a quiet connection is looked after.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read, or not as certificates.
    #[error("cannot read the certificates in {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: pem::Error,
    },
    /// The file has something that is called a certificate and is none.
    #[error("cannot use a certificate in {}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// The file has no certificate.
    #[error("there is no certificate in {}", .0.display())]
    Empty(PathBuf),
    /// There is nobody to trust.
    #[error("the system trusts no certificates: name a file of them")]
    Nobody,
}

/// Trusts the system's certificates and those in `ca_file`; an empty path is none.
///
/// # Errors
/// If the file cannot be used, or there is nobody to trust.
pub fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, Error> {
    Ok(config(trusted(ca_file)?.0))
}

/// The same certificates as PEM, for a client that wants them so.
///
/// # Errors
/// As [`client_config`].
pub fn trusted_pem(ca_file: Option<&Path>) -> Result<String, Error> {
    let mut text = String::new();
    for certificate in trusted(ca_file)?.1 {
        text += "-----BEGIN CERTIFICATE-----\n";
        text += &BASE64_STANDARD.encode(&certificate);
        text += "\n-----END CERTIFICATE-----\n";
    }
    Ok(text)
}

/// Connects hyper's client to the server at `url`, which begins with `http://` or `https://`; only then anybody has to be
/// trusted.
///
/// # Errors
/// As [`client_config`].
pub fn connector(
    url: &str,
    ca_file: Option<&Path>,
    connect_timeout: Duration,
) -> Result<HttpsConnector<HttpConnector>, Error> {
    let mut http = HttpConnector::new();
    // Without it small requests wait 40 ms for the other end's delayed acknowledgement.
    http.set_nodelay(true);
    http.set_keepalive(Some(KEEPALIVE));
    http.set_connect_timeout(Some(connect_timeout));
    http.enforce_http(false);
    let config = if is_encrypted(url) { client_config(ca_file)? } else { config(RootCertStore::empty()) };
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
    Ok(builder.enable_http1().wrap_connector(http))
}

/// Whether what is sent to `url` is encrypted.
fn is_encrypted(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
}

fn config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring can do what rustls wants by default")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// All that is trusted, ready to be used and as it was read.
fn trusted(ca_file: Option<&Path>) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let (mut roots, mut certificates) = (RootCertStore::empty(), Vec::new());
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    for certificate in system.certs {
        // Some systems have old ones that no library takes any more.
        if roots.add(certificate.clone()).is_ok() {
            certificates.push(certificate);
        }
    }
    if let Some(file) = ca_file.filter(|file| !file.as_os_str().is_empty()) {
        let before = certificates.len();
        let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            let certificate = certificate.map_err(unreadable)?;
            let added = roots.add(certificate.clone());
            added.map_err(|source| Error::Unusable { file: file.to_owned(), source })?;
            certificates.push(certificate);
        }
        if certificates.len() == before {
            return Err(Error::Empty(file.to_owned()));
        }
    }
    if certificates.is_empty() { Err(Error::Nobody) } else { Ok((roots, certificates)) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_trusted_beside_the_system_and_told_if_it_is_no_use() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::write(&file, text).unwrap();
            file
        };
        let (_, own) = troupe_testkit::tls::certificate();
        let own = file("own.pem", &own);
        let system = trusted(None).map_or(0, |(_, certificates)| certificates.len());
        let (roots, certificates) = trusted(Some(&own)).unwrap();
        assert_eq!((roots.len(), certificates.len()), (system + 1, system + 1));
        let again = file("again.pem", &trusted_pem(Some(&own)).unwrap());
        assert_eq!(CertificateDer::pem_file_iter(again).unwrap().count(), system + 1);
        for (name, text, expected) in [
            ("empty.pem", "", "there is no certificate in"),
            ("prose.pem", "trust me", "there is no certificate in"),
            ("broken.pem", "-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----\n", "cannot use a"),
        ] {
            let error = client_config(Some(&file(name, text))).unwrap_err().to_string();
            assert!(error.starts_with(expected) && error.contains(name), "{error}");
        }
        let error = client_config(Some(Path::new("/nowhere.pem"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere.pem"), "{error}");
    }
}
