use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use redis::{RedisError, Script, ScriptInvocation, aio::ConnectionManager};
use troupe_protocol::Secret;
use troupe_types::{Partition, Timestamp, UpdateKey, UserId};

use crate::{
    Document, Error, OutboxEntry, Pending, RedisConfig,
    connect::connect,
    document,
    erasure::{Erased, Marks},
    error::Why,
    outbox::place,
    scripts,
};

/// The state, kept in Redis. Clones share one connection, which is made again by itself when it is lost.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) connection: ConnectionManager,
    timeout: Duration,
    outbox_max: u32,
    pub(crate) marks: Marks,
    pub(crate) scripts: Arc<Scripts>,
}

#[derive(Debug)]
pub(crate) struct Scripts {
    load: Script,
    commit: Script,
    skip: Script,
    begin: Script,
    set_back: Script,
    adopt: Script,
    pub(crate) erase: Script,
}

/// What deciding on an update needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The number up to which the partition's updates have been applied.
    pub applied: u64,
    /// Whether this very update is known to be among them.
    pub seen: bool,
    /// What stayed of the person's erasure, if there was one.
    pub erased: Option<Erased>,
    /// The state of the bot.
    pub bot: Option<Vec<u8>>,
    /// The state of the chat.
    pub chat: Option<Vec<u8>>,
    /// The state of the person.
    pub person: Option<Vec<u8>>,
}

/// How far a partition has been applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of the newest update that was applied; 0 if none was.
    pub applied: u64,
    /// Which update that was, if it is known: under the same number the stream must have the same one.
    pub update: Option<UpdateKey>,
}

/// What was decided on an update.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The partition.
    pub partition: Partition,
    /// The update's number in its stream.
    pub sequence: u64,
    /// What the update is known by.
    pub update: UpdateKey,
    /// Whose state is written, beside the bot's and the chat's.
    pub person: UserId,
    /// When the person had been erased, as [`Loaded::erased`] told it.
    pub erased: Option<Timestamp>,
    /// The new states; `None` deletes one.
    pub writes: Vec<(Document, Option<Vec<u8>>)>,
    /// For how long the states of the person and the chat are kept if nothing comes any more, in whole seconds; `None` for
    /// good.
    pub keep_for: Option<Duration>,
    /// What is to be published, in this order.
    pub outbox: Vec<OutboxEntry>,
}

/// What came of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// It was done; these are to be published.
    Done(Vec<Pending>),
    /// An update with this number or a higher one was applied before; nothing was changed. What it had to publish may
    /// still be in the outbox.
    AlreadyApplied,
    /// The same update was applied before, under another number: it was published twice. Only the position moved.
    Repeated,
    /// The person was erased after the state was loaded; nothing was changed. Load it again.
    Erased,
}

impl Store {
    /// Connects. `key` is the installation's key, which everybody who uses the same Redis has to have: marks of those who
    /// were erased are made with it.
    ///
    /// # Errors
    /// If nobody answers, or the server evicts keys. A connection that is lost later is made again by itself.
    pub async fn connect(config: &RedisConfig, key: &Secret) -> Result<Self, Error> {
        Ok(Self {
            connection: connect(config).await?,
            timeout: config.timeout,
            outbox_max: config.outbox_max,
            marks: Marks::new(key),
            scripts: Arc::new(Scripts {
                load: scripts::load(),
                commit: scripts::commit(),
                skip: scripts::skip(),
                begin: scripts::begin(),
                set_back: scripts::set_back(),
                adopt: scripts::adopt(),
                erase: scripts::erase(),
            }),
        })
    }

    /// Loads what deciding on `update`, which `person` wrote, needs, in one round trip.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn load(
        &self,
        partition: Partition,
        update: &UpdateKey,
        person: UserId,
    ) -> Result<Loaded, Error> {
        let (bot, chat) = (update.bot, update.chat);
        let mut call = self.scripts.load.key(document::position(partition));
        call.key(document::seen(partition, bot, chat))
            .key(document::mark(partition, &self.marks.of(bot, person)))
            .key(Document::Bot(bot).key(partition))
            .key(Document::Chat(bot, chat).key(partition))
            .key(Document::Person(bot, person).key(partition))
            .arg(in_chat(update));
        let (applied, seen, at, before, opted_out, bot, chat, person): Found =
            self.invoke("load", partition, &call).await?;
        let erased = at.map(|at| Erased {
            at: Timestamp::from_millis(at),
            before,
            opted_out: opted_out.map(Timestamp::from_millis),
        });
        Ok(Loaded { applied: applied.unwrap_or(0), seen: seen == 1, erased, bot, chat, person })
    }

    /// Commits what was decided on an update: state, position and outbox together, or none of it.
    ///
    /// # Errors
    /// [`Error::OutboxFull`] if more waits to be published than may. [`Error::Call`] if it is not known whether it was
    /// done: commit the same again, and [`Committed::AlreadyApplied`] tells that it was.
    pub async fn commit(&self, commit: &Commit) -> Result<Committed, Error> {
        let Commit { partition, sequence, update, person, erased, writes, keep_for, outbox } = commit;
        let partition = *partition;
        if outbox.len() > usize::try_from(self.outbox_max).unwrap_or(usize::MAX) {
            return Err(Error::TooMany { partition, count: outbox.len() });
        }
        let mut call = self.scripts.commit.prepare_invoke();
        call.key(document::position(partition))
            .key(document::outbox(partition))
            .key(document::seen(partition, update.bot, update.chat))
            .key(document::mark(partition, &self.marks.of(update.bot, *person)))
            .key(Document::Person(update.bot, *person).key(partition))
            .key(Document::Chat(update.bot, update.chat).key(partition))
            .arg(*sequence)
            .arg(update.to_string())
            .arg(in_chat(update))
            .arg(self.outbox_max)
            .arg(erased.map(|at| at.as_millis().to_string()).unwrap_or_default())
            .arg(outbox.len())
            .arg(keep_for.map(|time| time.as_secs().max(1).to_string()).unwrap_or_default());
        for (number, entry) in outbox.iter().enumerate() {
            call.arg(place(*sequence, number)).arg(entry.to_bytes());
        }
        for (document, value) in writes {
            call.key(document.key(partition));
            match value {
                Some(value) => call.arg([b"=".as_slice(), value].concat()),
                None => call.arg("-"),
            };
        }
        let (outcome, count): (String, u32) = self.invoke("commit to", partition, &call).await?;
        match outcome.as_str() {
            "committed" => {
                let pending = |(number, entry): (usize, &OutboxEntry)| Pending {
                    place: place(*sequence, number),
                    entry: entry.clone(),
                };
                Ok(Committed::Done(outbox.iter().enumerate().map(pending).collect()))
            }
            "applied" => Ok(Committed::AlreadyApplied),
            "repeated" => Ok(Committed::Repeated),
            "erased" => Ok(Committed::Erased),
            "full" => Err(Error::OutboxFull { partition, count }),
            other => Err(Error::Stored { partition, reason: format!("the commit answered {other:?}") }),
        }
    }

    /// Moves the position past an update that nobody will apply, such as a dead letter; `update` is `None` if it cannot
    /// be read.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn skip(
        &self,
        partition: Partition,
        sequence: u64,
        update: Option<&UpdateKey>,
    ) -> Result<(), Error> {
        let mut call = self.scripts.skip.key(document::position(partition));
        call.arg(sequence).arg(update.map(ToString::to_string).unwrap_or_default());
        let _: u8 = self.invoke("skip an update of", partition, &call).await?;
        Ok(())
    }

    /// Counts how often an update was begun that is not committed yet, this time included. For updates that come again:
    /// one that ends the process each time has to be given up.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again, and counts again.
    pub async fn begin(&self, partition: Partition, sequence: u64) -> Result<u32, Error> {
        let mut call = self.scripts.begin.key(document::position(partition));
        call.arg(sequence);
        self.invoke("count the tries of", partition, &call).await
    }

    /// How far `partition` has been applied.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn position(&self, partition: Partition) -> Result<Position, Error> {
        let mut command = redis::cmd("HMGET");
        command.arg(document::position(partition)).arg("applied").arg("update");
        let mut connection = self.connection.clone();
        let (applied, update): (Option<u64>, Option<String>) =
            self.call("read the position of", partition, command.query_async(&mut connection)).await?;
        Ok(Position { applied: applied.unwrap_or(0), update: update.and_then(|key| key.parse().ok()) })
    }

    /// Notes that the position of `partition` is one in the stream that was created at `stream`. If it was one in
    /// another stream, the partition begins anew, at 0: the broker was set up again. Returns whether it does.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn adopt(&self, partition: Partition, stream: Timestamp) -> Result<bool, Error> {
        let mut call = self.scripts.adopt.key(document::position(partition));
        call.arg(stream.as_millis());
        let begins_anew: u8 = self.invoke("note the stream of", partition, &call).await?;
        Ok(begins_anew == 1)
    }

    /// Whether Redis answers.
    pub async fn is_up(&self) -> bool {
        let mut connection = self.connection.clone();
        let command = redis::cmd("PING");
        let ping = command.query_async::<()>(&mut connection);
        matches!(tokio::time::timeout(self.timeout, ping).await, Ok(Ok(())))
    }

    /// Sets the position of `partition` back from `from` to `to`: the broker has lost what lay between, and gives the
    /// same numbers to new messages. Returns whether it did; if not, the position is not `from` any more.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn set_back(&self, partition: Partition, from: u64, to: u64) -> Result<bool, Error> {
        let mut call = self.scripts.set_back.key(document::position(partition));
        call.arg(from).arg(to);
        let done: u8 = self.invoke("set back", partition, &call).await?;
        Ok(done == 1)
    }

    /// What of `partition` is still to be published, in order.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again. [`Error::Stored`] if an entry cannot be read.
    pub async fn outbox(&self, partition: Partition) -> Result<Vec<Pending>, Error> {
        let mut command = redis::cmd("HGETALL");
        command.arg(document::outbox(partition));
        let mut connection = self.connection.clone();
        let entries: BTreeMap<String, Vec<u8>> =
            self.call("read the outbox of", partition, command.query_async(&mut connection)).await?;
        let pending = |(place, bytes): (String, Vec<u8>)| match OutboxEntry::from_bytes(&bytes) {
            Ok(entry) => Ok(Pending { place, entry }),
            Err(reason) => Err(Error::Stored { partition, reason }),
        };
        entries.into_iter().map(pending).collect()
    }

    /// Removes from the outbox of `partition` what the broker has stored.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn published<'a>(
        &self,
        partition: Partition,
        places: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Error> {
        let mut command = redis::cmd("HDEL");
        command.arg(document::outbox(partition));
        let mut count = 0;
        for place in places {
            command.arg(place);
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let _: u32 =
            self.call("empty the outbox of", partition, command.query_async(&mut connection)).await?;
        Ok(())
    }

    pub(crate) async fn invoke<T: redis::FromRedisValue>(
        &self,
        doing: &'static str,
        partition: Partition,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, Error> {
        let mut connection = self.connection.clone();
        self.call(doing, partition, call.invoke_async(&mut connection)).await
    }

    /// Gives a call a deadline of its own: while the connection is being made again, calls wait for that.
    pub(crate) async fn call<T>(
        &self,
        doing: &'static str,
        partition: Partition,
        call: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, Error> {
        let failed = |why: Why| Error::Call { doing, partition, source: why.into() };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(error.into())),
            Err(_) => Err(failed(Why::Deadline(self.timeout))),
        }
    }
}

/// What loading answers: applied, seen, when the person was erased, before which number, when the person had opted out, then
/// the documents.
type Found =
    (Option<u64>, u8, Option<i64>, u64, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

/// What an update is known by among those of its chat.
fn in_chat(update: &UpdateKey) -> String {
    let key = update.to_string();
    // The key begins with bot and chat, which the place where it is kept tells already.
    key.splitn(3, '/').nth(2).map(str::to_owned).unwrap_or(key)
}
