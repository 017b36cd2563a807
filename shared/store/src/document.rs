use troupe_types::{BotId, ChatId, Partition, UserId};

/// What state is kept of. What is written in it is the engine's business; here it is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Document {
    /// A bot, across its chats.
    Bot(BotId),
    /// A chat of a bot's.
    Chat(BotId, ChatId),
    /// A person, across the chats of a bot's.
    Person(BotId, UserId),
}

impl Document {
    pub(crate) fn key(self, partition: Partition) -> String {
        match self {
            Self::Bot(bot) => format!("{{p{partition}}}:bot:{bot}"),
            Self::Chat(bot, chat) => format!("{{p{partition}}}:chat:{bot}:{chat}"),
            Self::Person(bot, person) => format!("{{p{partition}}}:person:{bot}:{person}"),
        }
    }
}

/// The key of a partition's position.
pub(crate) fn position(partition: Partition) -> String {
    format!("{{p{partition}}}:position")
}

/// The key of a partition's outbox.
pub(crate) fn outbox(partition: Partition) -> String {
    format!("{{p{partition}}}:outbox")
}

/// The key of the updates of a chat that were applied lately.
pub(crate) fn seen(partition: Partition, bot: BotId, chat: ChatId) -> String {
    format!("{{p{partition}}}:seen:{bot}:{chat}")
}

/// The key of the mark that stays of a person who was erased; `mark` tells whose to nobody but who has the key of marks.
pub(crate) fn mark(partition: Partition, mark: &str) -> String {
    format!("{{p{partition}}}:erased:{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_partition_share_a_hash_tag() {
        let (partition, bot, chat) = (Partition::new(17), BotId::new(1), ChatId::new(-2));
        let keys = [
            Document::Bot(bot).key(partition),
            Document::Chat(bot, chat).key(partition),
            Document::Person(bot, UserId::new(3)).key(partition),
            position(partition),
            outbox(partition),
            seen(partition, bot, chat),
            mark(partition, "0f"),
        ];
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert!(keys.iter().all(|key| key.starts_with("{p17}:")), "{keys:?}");
    }
}
