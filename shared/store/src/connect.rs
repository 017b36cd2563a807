use std::time::Duration;

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo as _, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use crate::{Error, RedisConfig};

/// The first wait before connecting again; each further one is twice as long.
const RECONNECT_MIN: Duration = Duration::from_millis(50);
/// The longest wait before connecting again.
const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// How often connecting is tried within one call.
const RECONNECTS: usize = 4;

/// Connects, and refuses a server that would throw state away.
pub(crate) async fn connect(config: &RedisConfig) -> Result<ConnectionManager, Error> {
    let client = client(config)?;
    let address = client.get_connection_info().addr().to_string();
    let failed = |error: redis::RedisError| Error::Connect { address: address.clone(), source: error.into() };
    let settings = ConnectionManagerConfig::new()
        .set_min_delay(RECONNECT_MIN)
        .set_max_delay(RECONNECT_MAX)
        .set_number_of_retries(RECONNECTS)
        .set_connection_timeout(Some(config.timeout))
        .set_response_timeout(Some(config.timeout));
    let mut connection = ConnectionManager::new_with_config(client, settings).await.map_err(failed)?;
    let () = redis::cmd("PING").query_async(&mut connection).await.map_err(failed)?;
    let policy: Result<Vec<String>, _> =
        redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy").query_async(&mut connection).await;
    match policy.ok().and_then(|pair| pair.get(1).cloned()) {
        Some(policy) if policy == "noeviction" => {}
        Some(policy) => return Err(Error::Evicts { address, policy }),
        // Hosted servers often do not tell.
        None => tracing::warn!(address, "Redis does not tell its maxmemory-policy; it has to be noeviction"),
    }
    tracing::info!(address, "connected to Redis");
    Ok(connection)
}

fn client(config: &RedisConfig) -> Result<Client, Error> {
    // Its detail may quote the address.
    let wrong = |error: redis::RedisError| Error::Url { reason: format!("{:?}", error.kind()) };
    let server = config.url.expose().into_connection_info().map_err(wrong)?;
    if !matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
        return Client::open(server).map_err(wrong);
    }
    let trusted = troupe_tls::trusted_pem(Some(&config.ca_file)).map_err(Error::Tls)?;
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(trusted.into_bytes()) };
    Client::build_with_tls(server, certificates).map_err(wrong)
}
