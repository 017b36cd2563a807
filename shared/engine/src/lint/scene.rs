//! Where a message comes from: which chat, who wrote it, and whether it is said to the bot.

use troupe_types::{ChatId, ChatKind, UserId};

use super::{Call, Witness};
use crate::rules::Sender;

/// What is asked of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SceneTest {
    Addressed,
    Mentioned,
    Replied,
    Chat(ChatId),
    Sender(Sender),
}

/// Where a message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scene {
    pub chat: ChatId,
    pub sender: UserId,
    pub username: Option<String>,
    pub call: Call,
}

/// A scene of which all that is asked is as it says.
pub(super) enum Solved {
    Scene(Scene),
    Impossible,
    /// It takes the bot's name in the text, which is not known.
    Unknown,
}

impl Scene {
    pub fn is_direct(&self) -> bool {
        self.chat.kind() == ChatKind::Direct
    }

    pub fn holds(&self, test: &SceneTest) -> bool {
        let direct = self.is_direct();
        match test {
            SceneTest::Addressed => direct || self.call != Call::Nobody,
            SceneTest::Mentioned => self.call == Call::Mention,
            SceneTest::Replied => self.call == Call::Reply,
            SceneTest::Chat(chat) => self.chat == *chat,
            SceneTest::Sender(sender) => sender.is(self.sender, self.username.as_deref()),
        }
    }
}

/// A scene in a direct chat, or in a group, or in either.
pub(super) fn solve(asked: &[(SceneTest, bool)], direct: Option<bool>) -> Solved {
    // Somebody whom nothing names is told from all that are, so that names matter only where they are asked for.
    let wanted = || asked.iter().filter(|(_, holds)| *holds).map(|(test, _)| test);
    let named = |test: &SceneTest| asked.iter().any(|(asked, _)| asked == test);
    let mut stranger = Witness::SOMEBODY;
    while named(&SceneTest::Sender(Sender::Id(stranger))) || named(&SceneTest::Chat(ChatId::direct(stranger)))
    {
        stranger = UserId::new(stranger.get() + 1);
    }
    let mut elsewhere = Witness::SOMEWHERE;
    while named(&SceneTest::Chat(elsewhere)) {
        elsewhere = ChatId::new(elsewhere.get() - 1);
    }
    let chats =
        || wanted().filter_map(|test| if let SceneTest::Chat(chat) = test { Some(*chat) } else { None });
    let id = |test: &SceneTest| match test {
        SceneTest::Sender(Sender::Id(id)) => Some(*id),
        SceneTest::Chat(chat) if chat.kind() == ChatKind::Direct => Some(UserId::new(chat.get())),
        _ => None,
    };
    let sender = wanted().find_map(id).unwrap_or(stranger);
    let username = wanted().find_map(|test| match test {
        SceneTest::Sender(Sender::Username(name)) => Some(name.clone()),
        _ => None,
    });
    let group = chats().find(|chat| chat.kind() == ChatKind::Group).unwrap_or(elsewhere);
    let fits = |scene: &Scene, asked: &[(SceneTest, bool)]| {
        asked.iter().all(|(test, holds)| scene.holds(test) == *holds)
    };
    let in_direct = [ChatId::direct(sender), group]
        .into_iter()
        .filter(|chat| direct.is_none_or(|direct| direct == (chat.kind() == ChatKind::Direct)));
    let scene = |chat, call| Scene { chat, sender, username: username.clone(), call };
    let mut solved = Solved::Impossible;
    for chat in in_direct {
        for call in [Call::Nobody, Call::Mention, Call::Reply] {
            let scene = scene(chat, call);
            if fits(&scene, asked) {
                return Solved::Scene(scene);
            }
        }
        // Whoever writes the bot's name in a reply in a direct chat both mentions it and replies; whoever writes it in a
        // group in a way that Telegram does not take for a mention mentions it without addressing it.
        let others: Vec<_> = asked
            .iter()
            .filter(|(test, _)| matches!(test, SceneTest::Chat(_) | SceneTest::Sender(_)))
            .cloned()
            .collect();
        let calls = |test: &SceneTest| asked.iter().find(|(asked, _)| asked == test).map(|(_, holds)| *holds);
        let (addressed, mentioned, replied) =
            (calls(&SceneTest::Addressed), calls(&SceneTest::Mentioned), calls(&SceneTest::Replied));
        let by_name = if chat.kind() == ChatKind::Direct {
            [addressed, mentioned, replied].iter().all(|call| *call != Some(false))
        } else {
            addressed != Some(true) && mentioned != Some(false) && replied != Some(true)
        };
        if by_name && fits(&scene(chat, Call::Nobody), &others) {
            solved = Solved::Unknown;
        }
    }
    solved
}
