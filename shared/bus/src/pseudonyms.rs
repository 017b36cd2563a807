//! Whether all who name people in ClickHouse name them alike.

use std::time::Duration;

use troupe_protocol::{Bucket, Pseudonyms};

use crate::{Bus, Error};

/// The key of the pseudonyms' fingerprint in [`Bucket::Installation`].
const PSEUDONYMS: &str = "pseudonyms";
/// How long to wait before the broker is asked again.
const AGAIN: Duration = Duration::from_secs(1);

impl Bus {
    /// Makes sure that everybody who asks makes these pseudonyms: the first one ever to ask fixes their fingerprint for the
    /// installation. Where `instead_of` is the one that was fixed, these take its place. Waits while the broker is away.
    ///
    /// # Errors
    /// [`Error::OtherPseudonyms`] if others were fixed; else if the broker refuses.
    pub async fn agree_on(&self, pseudonyms: &Pseudonyms, instead_of: &str) -> Result<(), Error> {
        let own = pseudonyms.fingerprint();
        loop {
            match self.try_to_agree(&own, instead_of).await {
                // Somebody else was quicker: what they fixed counts.
                Err(Error::Exists { .. } | Error::Conflict { .. }) => {}
                Err(error) if error.is_passing() => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot compare the pseudonyms with the installation's; trying again"
                    );
                    tokio::time::sleep(AGAIN).await;
                }
                other => return other,
            }
        }
    }

    async fn try_to_agree(&self, own: &String, instead_of: &str) -> Result<(), Error> {
        let installation = self.bucket(Bucket::Installation);
        let Some(fixed) = installation.get::<String>(PSEUDONYMS).await? else {
            installation.create(PSEUDONYMS, own).await?;
            return Ok(());
        };
        if fixed.value == *own {
            return Ok(());
        }
        if fixed.value != instead_of {
            return Err(Error::OtherPseudonyms { fixed: fixed.value, own: own.clone() });
        }
        installation.update(PSEUDONYMS, own, fixed.revision).await?;
        tracing::warn!(instead_of, "people have other pseudonyms from now on");
        Ok(())
    }
}
