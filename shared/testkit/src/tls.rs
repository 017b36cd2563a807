//! TLS in front of a server that has none.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

/// Makes a certificate for `localhost` that nobody has signed; returns what accepts connections with it, and itself as PEM.
pub fn certificate() -> (TlsAcceptor, String) {
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("there are versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("the certificate is good");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// Accepts connections over TLS by the name `localhost`, and passes on what they say, as long as it is not dropped.
#[derive(Debug)]
pub struct Front {
    /// Where it is on this machine.
    pub port: u16,
    /// The certificate that it shows, in PEM.
    pub certificate: String,
    _task: AbortOnDropHandle<()>,
}

impl Front {
    /// One in front of the server at `address`.
    pub async fn of(address: SocketAddr) -> Self {
        let (acceptor, certificate) = certificate();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("it listens somewhere").port();
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust it hangs up, and so does a server that ends.
                    let Ok(mut outside) = acceptor.accept(stream).await else { return };
                    let Ok(mut inside) = TcpStream::connect(address).await else { return };
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { port, certificate, _task: AbortOnDropHandle::new(task) }
    }
}
