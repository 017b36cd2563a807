//! Configuration in layers: the service's embedded and commented defaults, then a file, then the environment.

use std::{env, net::SocketAddr, path::PathBuf};

use ::config::{Config, Environment, File, FileFormat};
use anyhow::Context;
use serde::{Deserialize, de::DeserializeOwned};

/// Where the service answers HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on; port 0 takes a free one, which the log tells.
    pub listen: SocketAddr,
}

/// What the service tells about itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are, in the form of `RUST_LOG`, e.g. `info,troupe_bus=debug`.
    pub log_filter: String,
    /// Where traces go, by OTLP over gRPC, e.g. `http://collector:4317`. Empty or absent: nowhere.
    #[serde(default)]
    pub otlp_endpoint: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// One readable line, for people.
    Pretty,
}

/// Loads the configuration of `service`.
///
/// Later layers win: `defaults` (TOML, every key, commented); the file named by `TROUPE_CONFIG`, or else
/// `<service>.toml` in the working folder if there is one; the environment, where `TROUPE__NATS__URL` sets
/// `nats.url`.
///
/// # Errors
/// If the file named by `TROUPE_CONFIG` is absent, a layer is malformed, or a key is unknown, missing or of the wrong
/// type; the error names the key.
pub fn load<T: DeserializeOwned>(service: &str, defaults: &str) -> anyhow::Result<T> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    let file = env::var("TROUPE_CONFIG").ok();
    let file = match file {
        Some(path) => File::from(PathBuf::from(path)).required(true),
        None => File::from(PathBuf::from(format!("{service}.toml"))).required(false),
    };
    from_layers(defaults, file, environment()).with_context(|| {
        format!("cannot load the configuration of {service} (its file or the environment variables TROUPE__SECTION__KEY)")
    })
}

/// The environment's layer. Every value stays the text that it is; numbers are read where numbers are wanted. Told to guess
/// itself, `config` takes a password of digits for a number, and 007 becomes 7.
fn environment() -> Environment {
    Environment::with_prefix("TROUPE").prefix_separator("__").separator("__")
}

fn from_layers<T: DeserializeOwned, S>(defaults: &str, file: S, environment: Environment) -> anyhow::Result<T>
where
    S: ::config::Source + Send + Sync + 'static,
{
    Ok(Config::builder()
        .add_source(File::from_str(defaults, FileFormat::Toml))
        .add_source(file)
        .add_source(environment)
        .build()?
        .try_deserialize()?)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        http: HttpConfig,
        telemetry: TelemetryConfig,
    }

    const DEFAULTS: &str = r#"
        [http]
        listen = "127.0.0.1:8080"
        [telemetry]
        log_format = "json"
        log_filter = "info"
    "#;

    fn load_with(file: &str, variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let variables: HashMap<String, String> =
            variables.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        from_layers(DEFAULTS, File::from_str(file, FileFormat::Toml), environment().source(Some(variables)))
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "[http]\nlisten = \"127.0.0.1:1\"\n[telemetry]\nlog_filter = \"debug\"";
        let settings = load_with(file, &[("TROUPE__HTTP__LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(settings.http.listen.port(), 2);
        assert_eq!(settings.telemetry.log_filter, "debug");
        assert_eq!(settings.telemetry.log_format, LogFormat::Json);
        assert_eq!(settings.telemetry.otlp_endpoint, None);
    }

    #[test]
    fn what_looks_like_a_number_or_a_word_of_logic_stays_a_text_where_a_text_is_wanted() {
        // The hash of a Telegram application is 32 hexadecimal digits: now and then they look like a number.
        for text in
            ["007", "12345678901234567890123456789012", "1234567890123456789012345678e012", "TRUE", "inf"]
        {
            let settings = load_with("", &[("TROUPE__TELEMETRY__LOG_FILTER", text)]).unwrap();
            assert_eq!(settings.telemetry.log_filter, text);
        }
    }

    #[test]
    fn numbers_are_read_from_the_environment_where_numbers_are_wanted() {
        #[derive(Deserialize)]
        struct Numbers {
            small: std::num::NonZeroU32,
            signed: i32,
            large: u64,
            flag: bool,
        }
        let variables = [("SMALL", "3"), ("SIGNED", "-4"), ("LARGE", "20971520"), ("FLAG", "true")];
        let variables: HashMap<String, String> =
            variables.iter().map(|(key, value)| (format!("TROUPE__{key}"), (*value).to_owned())).collect();
        let defaults = "small = 1\nsigned = 1\nlarge = 1\nflag = false";
        let file = File::from_str("", FileFormat::Toml);
        let numbers: Numbers = from_layers(defaults, file, environment().source(Some(variables))).unwrap();
        assert_eq!((numbers.small.get(), numbers.signed, numbers.large), (3, -4, 20_971_520));
        assert!(numbers.flag);
    }

    #[test]
    fn an_unknown_key_and_a_wrong_type_are_refused_by_name() {
        let error = load_with("[http]\nlisten_on = \"127.0.0.1:1\"", &[]).unwrap_err();
        assert!(format!("{error:#}").contains("listen_on"), "{error:#}");
        let error = load_with("", &[("TROUPE__HTTP__LISTEN", "nowhere")]).unwrap_err();
        assert!(format!("{error:#}").contains("http.listen"), "{error:#}");
    }
}
