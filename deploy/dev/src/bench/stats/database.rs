//! One database of ClickHouse, over HTTP.

use std::{fs, time::Duration};

use serde::de::DeserializeOwned;

use crate::{Error, error::Doing};

/// A database; calls may take as long as they like.
#[derive(Debug, Clone)]
pub(super) struct Database {
    client: reqwest::Client,
    url: String,
    name: String,
    /// The process that answers.
    process: u32,
}

impl Database {
    pub(super) fn new(url: &str, name: &str, process: u32) -> Self {
        Self { client: reqwest::Client::new(), url: url.to_owned(), name: name.to_owned(), process }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `sql` with its parameters and returns what ClickHouse said.
    pub(super) async fn ask(&self, sql: &str, parameters: &[(String, String)]) -> Result<Vec<u8>, Error> {
        let parameters =
            parameters.iter().map(|(name, value)| (format!("param_{name}"), value.clone())).collect();
        self.send(parameters, sql.as_bytes().to_vec()).await
    }

    /// Runs the `INSERT` of `sql` with `data` in the format that it names, with these settings.
    pub(super) async fn insert(
        &self,
        sql: &str,
        settings: &[(&str, &str)],
        data: Vec<u8>,
    ) -> Result<(), Error> {
        let mut arguments = vec![("query".to_owned(), sql.to_owned())];
        arguments.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.send(arguments, data).await.map(drop)
    }

    /// The rows that `sql` gives.
    pub(super) async fn rows<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, Error> {
        let sql = format!("{sql} FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 0");
        let text = String::from_utf8_lossy(&self.ask(&sql, &[]).await?).into_owned();
        text.lines()
            .map(|line| serde_json::from_str(line).doing(|| format!("read what {sql} gave")))
            .collect()
    }

    /// The one number that `sql` gives.
    pub(super) async fn number(&self, sql: &str) -> Result<u64, Error> {
        let answer = self.ask(sql, &[]).await?;
        String::from_utf8_lossy(&answer).trim().parse().doing(|| format!("read the number that {sql} gave"))
    }

    /// The processor time that the server has taken so far, of all cores.
    pub(super) fn processor_time(&self) -> Result<Duration, Error> {
        let path = format!("/proc/{}/stat", self.process);
        let stat = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
        // After the name, which may hold anything: the 12th and the 13th are ticks of user and kernel, a hundred a second.
        let fields =
            stat.rsplit_once(')').map(|(_, fields)| fields.split_ascii_whitespace()).into_iter().flatten();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    async fn send(&self, mut arguments: Vec<(String, String)>, body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let doing = || format!("ask ClickHouse at {}", self.url);
        arguments.push(("database".to_owned(), self.name.clone()));
        let url = reqwest::Url::parse_with_params(&self.url, &arguments).doing(doing)?;
        let response = self.client.post(url).body(body).send().await.doing(doing)?;
        let status = response.status();
        let answer = response.bytes().await.doing(doing)?;
        if status.is_success() {
            Ok(answer.to_vec())
        } else {
            Err(Error::new(doing(), String::from_utf8_lossy(&answer)))
        }
    }
}
