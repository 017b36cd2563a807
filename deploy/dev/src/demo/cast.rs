//! Who is in the demo.

/// A bot of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BotRole {
    /// What script and manager call it.
    pub name: &'static str,
    /// Its first name on Telegram.
    pub first_name: &'static str,
    /// Its public name on Telegram.
    pub username: &'static str,
    /// How it signs in.
    pub login: Login,
    /// The rule set that it has, if any.
    pub rules: Option<&'static str>,
    /// The library that it answers from in the group.
    pub group_library: Option<&'static str>,
    /// The library that it answers from in direct chats.
    pub direct_library: Option<&'static str>,
    /// The scenario that it leads people through in direct chats.
    pub scenario: Option<&'static str>,
}

/// How a bot signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// By phone and code.
    Code,
    /// By phone, code and this password.
    Password(&'static str),
    /// By the token of a bot account.
    Token,
}

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonRole {
    /// What the script calls them.
    pub name: &'static str,
    /// Their first name on Telegram.
    pub first_name: &'static str,
    /// Their public name on Telegram.
    pub username: &'static str,
}

/// The name of the account that `cargo dev say` speaks for.
pub const YOU: &str = "you";

/// The title of the group that all are in.
pub const GROUP: &str = "Harbour";

/// The documents that the bots speak from: the kind as it stands in the manager's URL, the name, the file below
/// `deploy/demo/content`.
pub const DOCUMENTS: [(&str, &str, &str); 6] = [
    ("rules", "safety", "rules/safety.json"),
    ("rules", "kyc", "rules/kyc.json"),
    ("rules", "sales", "rules/sales.yaml"),
    ("libraries", "community", "libraries/community.yaml"),
    ("libraries", "support", "libraries/support.yaml"),
    ("scenarios", "welcome", "scenarios/welcome.yaml"),
];

/// The files that answers show: the name, the file below `deploy/demo/content`.
pub const MEDIA: [(&str, &str); 1] = [("chart", "media/chart.png")];

/// The bots, with what the README of the content gives them.
pub const BOTS: [BotRole; 3] = [
    BotRole {
        name: "anna",
        first_name: "Anna",
        username: "anna_of_harbour",
        login: Login::Code,
        rules: Some("safety"),
        group_library: Some("community"),
        direct_library: Some("community"),
        scenario: None,
    },
    BotRole {
        name: "boris",
        first_name: "Boris",
        username: "harbour_boris_bot",
        login: Login::Token,
        rules: Some("kyc"),
        group_library: Some("support"),
        direct_library: Some("support"),
        scenario: None,
    },
    BotRole {
        name: "clara",
        first_name: "Clara",
        username: "clara_of_harbour",
        login: Login::Password("correct horse battery staple"),
        rules: Some("sales"),
        group_library: Some("support"),
        direct_library: Some("support"),
        scenario: Some("welcome"),
    },
];

/// The people.
pub const PEOPLE: [PersonRole; 6] = [
    PersonRole { name: "mila", first_name: "Mila", username: "mila_lind" },
    PersonRole { name: "viktor", first_name: "Виктор", username: "viktor_s" },
    PersonRole { name: "elena", first_name: "Елена", username: "elena_m" },
    PersonRole { name: "dmitri", first_name: "Dmitri", username: "dmitri_k" },
    PersonRole { name: "felix", first_name: "Felix", username: "felix_w" },
    PersonRole { name: "grace", first_name: "Grace", username: "grace_h" },
];
