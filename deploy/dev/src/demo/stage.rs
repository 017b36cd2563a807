//! Sets the stage: accounts, bots by the real login flow, content, the group.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::Value;
use troupe_protocol::{BotSettings, ContentName, GroupPolicy, WeightedScenario};
use troupe_types::{BotId, ChatId};

use super::{
    cast::{BotRole, DOCUMENTS, GROUP, Login, MEDIA, PersonRole, YOU},
    control::{Control, Created, NewAccount},
    ledger::Bot,
    manager::{Credential, Manager, Registered},
    play::Scene,
};
use crate::{
    Error,
    error::Doing,
    running::{Account, Endpoints},
};

/// How long a bot may take to connect.
const ONLINE_WITHIN: Duration = Duration::from_secs(30);

/// Sets the stage on what runs at `endpoints`, with the documents in the folder `content`, and notes in `endpoints`
/// who there is. Says what it does.
///
/// # Errors
/// The first step that fails.
pub async fn set(
    endpoints: &mut Endpoints,
    content: &Path,
    bots: &[BotRole],
    people: &[PersonRole],
) -> Result<Scene, Error> {
    let url = |name: &str| {
        let endpoint =
            endpoints.services.get(name).ok_or_else(|| Error::new("set up the demo", format!("no {name}")));
        endpoint.map(|endpoint| endpoint.url.clone())
    };
    let control = Control::new(&url("telegram")?);
    let manager = Manager::new(&url("manager")?, &endpoints.manager_token);
    for (name, file) in MEDIA {
        let path = content.join(file);
        let bytes = fs::read(&path).doing(|| format!("read {}", path.display()))?;
        manager.put_media(name, bytes).await?;
        println!("    media    {name} from {file}");
    }
    for (kind, name, file) in DOCUMENTS {
        let path = content.join(file);
        let text = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        manager.put_content(kind, name, &text).await?;
        println!("    content  {kind}/{name} from {file}");
    }
    let mut scene =
        Scene { bots: BTreeMap::new(), people: BTreeMap::new(), group: 0, control: control.clone() };
    for role in people {
        let new =
            NewAccount { first_name: role.first_name, username: role.username, password: None, bot: false };
        let account = control.create_account(&new).await?;
        scene.people.insert(role.name, account.id);
        endpoints.accounts.insert(role.name.into(), told(&account, role.username, None));
    }
    // Whoever tries it out: in the group, but with no line of the script.
    let new = NewAccount { first_name: "You", username: "you_yourself", password: None, bot: false };
    let you = control.create_account(&new).await?;
    scene.people.insert(YOU, you.id);
    endpoints.accounts.insert(YOU.into(), told(&you, new.username, None));
    let mut members: Vec<i64> = scene.people.values().copied().collect();
    for role in bots {
        let (bot, account) = register(role, &control, &manager).await?;
        scene.bots.insert(role.name, bot);
        members.push(bot.account);
        endpoints.bots.insert(role.name.into(), bot.id.get());
        endpoints.accounts.insert(role.name.into(), account);
    }
    scene.group = control.create_group(GROUP, &members).await?;
    endpoints.group = Some(scene.group);
    for role in bots {
        let bot = scene.bots[role.name];
        manager.settings(bot.id.get(), &settings(role, scene.group)).await?;
        manager.start(bot.id.get()).await?;
    }
    for role in bots {
        online(&manager, role.name, scene.bots[role.name].id.get()).await?;
    }
    println!("    group    {GROUP} ({}): {}", scene.group, names(people, bots));
    Ok(scene)
}

fn names(people: &[PersonRole], bots: &[BotRole]) -> String {
    let people = people.iter().map(|role| role.name.to_owned());
    let bots = bots.iter().map(|role| format!("{} (bot)", role.name));
    people.chain(bots).collect::<Vec<_>>().join(", ")
}

fn told(account: &Created, username: &str, password: Option<&str>) -> Account {
    Account {
        id: account.id,
        phone: account.phone.clone(),
        username: Some(username.into()),
        password: password.map(str::to_owned),
    }
}

/// Makes the account of a bot and signs it in, as an operator would.
async fn register(role: &BotRole, control: &Control, manager: &Manager) -> Result<(Bot, Account), Error> {
    let password = if let Login::Password(password) = role.login { Some(password) } else { None };
    let bot = role.login == Login::Token;
    let new = NewAccount { first_name: role.first_name, username: role.username, password, bot };
    let account = control.create_account(&new).await?;
    let credential = match (&account.phone, &account.bot_token) {
        (_, Some(token)) => Credential::Token(token.clone()),
        (Some(phone), None) => Credential::Phone(phone.clone()),
        (None, None) => {
            return Err(Error::new(format!("register {}", role.name), "it has neither phone nor token"));
        }
    };
    let registered = manager.register(role.name, &credential).await?;
    let mut steps = vec![if bot { "token" } else { "phone" }];
    let id = registered.id;
    let Registered { mut next, .. } = registered;
    loop {
        let step = match next.as_str() {
            "code" => manager.code(id, &control.code(account.id).await?).await?,
            "password" => manager.password(id, password.unwrap_or_default()).await?,
            "done" => break,
            other => {
                let cause = format!("the manager asks for {other:?} after {}", steps.join(", "));
                return Err(Error::new(format!("register {}", role.name), cause));
            }
        };
        steps.push(if next == "code" { "code" } else { "password" });
        // A login that asks for the same again would never end.
        if step.next == next {
            let cause = format!("the manager asks for the {next} twice");
            return Err(Error::new(format!("register {}", role.name), cause));
        }
        next = step.next;
    }
    println!("    bot {id:<4} {} (@{}), signed in by {}", role.name, role.username, steps.join(", "));
    let bot = Bot { id: BotId::new(id), account: account.id };
    Ok((bot, told(&account, role.username, password)))
}

fn settings(role: &BotRole, group: i64) -> BotSettings {
    let name = |name: &str| ContentName::try_from(name.to_owned()).expect("names in the cast are names");
    BotSettings {
        rules: role.rules.map(name),
        group_library: role.group_library.map(name),
        direct_library: role.direct_library.map(name),
        scenarios: role
            .scenario
            .map(|scenario| WeightedScenario { name: name(scenario), weight: 1 })
            .into_iter()
            .collect(),
        groups: GroupPolicy::Only([ChatId::new(group)].into()),
        ..BotSettings::default()
    }
}

/// Waits until a bot is connected.
async fn online(manager: &Manager, name: &str, id: u64) -> Result<(), Error> {
    let mut last = Value::Null;
    let wait = async {
        loop {
            last = manager.bot(id).await?;
            if last["status"]["state"] == "online" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(ONLINE_WITHIN, wait).await {
        Ok(result) => result,
        Err(_) => {
            Err(Error::new(format!("connect {name}"), format!("not online after {ONLINE_WITHIN:?}: {last}")))
        }
    }
}
