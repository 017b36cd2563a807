//! Groups: basic ones, whose messages lie in each member's box, and supergroups with a box of their own.

use std::collections::BTreeMap;

use grammers_tl_types::{enums, types};

use super::{BASIC_ID_FIRST, Chat, Draft, LinkId, MessageBox, Peer, Refusal, SUPER_ID_FIRST, Service, State};
use crate::clock;

/// The kinds of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// Small, without a username or a message sequence of its own.
    Basic,
    /// Telegram's usual kind.
    Super,
}

/// What a group is created from.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: GroupKind,
    /// User ids; the first one is the creator.
    pub members: Vec<i64>,
    /// For a public supergroup.
    pub username: Option<String>,
}

/// A member, or somebody who was one.
#[derive(Debug, Clone)]
pub struct Member {
    /// When they joined.
    pub joined_ms: i64,
    /// Who added them; themselves if they joined.
    pub inviter: i64,
    /// Whether they are gone.
    pub left: bool,
    /// In a supergroup: the newest message they read.
    pub read: i32,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Bot API numbering, negative.
    pub dialog: i64,
    /// The kind.
    pub kind: GroupKind,
    /// The title.
    pub title: String,
    /// Without the `@`.
    pub username: Option<String>,
    /// Who created it.
    pub creator: i64,
    /// When.
    pub created_ms: i64,
    /// By user id.
    pub members: BTreeMap<i64, Member>,
    /// Raised by each change of the members.
    pub version: i32,
    /// A supergroup's messages; empty for basic groups.
    pub inbox: MessageBox,
}

impl Group {
    /// Who is in it now.
    pub fn present(&self) -> impl Iterator<Item = i64> + '_ {
        self.members.iter().filter(|(_, member)| !member.left).map(|(id, _)| *id)
    }

    /// Whether somebody is in it now.
    pub fn has(&self, user: i64) -> bool {
        self.members.get(&user).is_some_and(|member| !member.left)
    }

    /// How TL names it.
    pub fn peer(&self) -> Peer {
        Peer::of_dialog(self.dialog)
    }
}

impl State {
    /// Creates a group and tells its members.
    ///
    /// # Errors
    /// A member does not exist, the title is empty, the username cannot be one or is taken.
    pub fn create_group(&mut self, new: NewGroup) -> Result<&Group, Refusal> {
        if new.title.trim().is_empty() {
            return Err(Refusal::Invalid("title is empty: give the group one".into()));
        }
        let Some(&creator) = new.members.first() else {
            return Err(Refusal::Invalid("members is empty: the first one becomes the creator".into()));
        };
        for member in &new.members {
            self.existing_account(*member)?;
        }
        if let Some(name) = &new.username {
            if new.kind == GroupKind::Basic {
                return Err(Refusal::Invalid("a basic group has no username: use kind \"super\"".into()));
            }
            self.check_username(name)?;
        }
        let created_ms = clock::now_ms();
        let number = i64::try_from(self.groups.len()).unwrap_or(i64::MAX);
        let peer = match new.kind {
            GroupKind::Basic => Peer::Basic(BASIC_ID_FIRST + number),
            GroupKind::Super => Peer::Super(SUPER_ID_FIRST + number),
        };
        let dialog = peer.dialog();
        let member = |id: i64| (id, Member { joined_ms: created_ms, inviter: creator, left: false, read: 0 });
        let group = Group {
            dialog,
            kind: new.kind,
            title: new.title,
            username: new.username,
            creator,
            created_ms,
            members: new.members.iter().copied().map(member).collect(),
            version: 1,
            inbox: MessageBox::default(),
        };
        self.groups.insert(dialog, group);
        let others = new.members.iter().copied().filter(|id| *id != creator).collect();
        self.post(Draft::service(creator, Chat::Group(dialog), Service::Created(others)), None);
        Ok(self.group(dialog))
    }

    /// The account with this id, if there is one.
    ///
    /// # Errors
    /// There is none.
    pub fn existing_account(&self, id: i64) -> Result<i64, Refusal> {
        let missing =
            || Refusal::NotFound(format!("there is no account {id}: create one with POST /accounts"));
        self.accounts.contains_key(&id).then_some(id).ok_or_else(missing)
    }

    /// The group with this dialog id, if there is one.
    ///
    /// # Errors
    /// There is none.
    pub fn existing_group(&self, dialog: i64) -> Result<&Group, Refusal> {
        let missing =
            || Refusal::NotFound(format!("there is no group {dialog}: create one with POST /groups"));
        self.groups.get(&dialog).ok_or_else(missing)
    }

    /// Adds somebody to a group, or lets them join by themselves. Returns the service message, or `None` if they
    /// were in it already.
    pub fn add_member(
        &mut self,
        dialog: i64,
        user: i64,
        inviter: i64,
        except: Option<LinkId>,
    ) -> Option<usize> {
        let joined_ms = clock::now_ms();
        let group = self.group_mut(dialog);
        if group.has(user) {
            return None;
        }
        let read = group.members.get(&user).map_or(0, |member| member.read);
        group.members.insert(user, Member { joined_ms, inviter, left: false, read });
        group.version += 1;
        Some(self.membership_changed(dialog, inviter, user, Service::Added(user), except))
    }

    /// Takes somebody out of a group. Returns the service message, or `None` if they were not in it.
    pub fn remove_member(
        &mut self,
        dialog: i64,
        user: i64,
        by: i64,
        except: Option<LinkId>,
    ) -> Option<usize> {
        if !self.group(dialog).has(user) {
            return None;
        }
        // Told while the member is still there, so that they see it too.
        let told = (self.group(dialog).kind == GroupKind::Basic)
            .then(|| self.membership_changed(dialog, by, user, Service::Removed(user), except));
        let group = self.group_mut(dialog);
        group.version += 1;
        if let Some(member) = group.members.get_mut(&user) {
            member.left = true;
        }
        Some(
            told.unwrap_or_else(|| self.membership_changed(dialog, by, user, Service::Removed(user), except)),
        )
    }

    fn membership_changed(
        &mut self,
        dialog: i64,
        actor: i64,
        user: i64,
        service: Service,
        except: Option<LinkId>,
    ) -> usize {
        let peer = Peer::of_dialog(dialog);
        let update = match peer {
            Peer::Super(channel_id) => types::UpdateChannel { channel_id }.into(),
            _ => self.participants_update(dialog),
        };
        // Members of a supergroup who are only told about others get the service message and nothing else.
        let told: Vec<i64> = match peer {
            Peer::Super(_) => vec![user],
            _ => self.group(dialog).present().collect(),
        };
        for member in told {
            self.push_update(member, update.clone(), super::Seen::default().with_peer(peer), except);
        }
        self.post(Draft::service(actor, Chat::Group(dialog), service), except)
    }

    fn participants_update(&self, dialog: i64) -> enums::Update {
        types::UpdateChatParticipants { participants: self.participants(dialog) }.into()
    }

    /// A basic group's members, as TL lists them.
    pub fn participants(&self, dialog: i64) -> enums::ChatParticipants {
        let group = self.group(dialog);
        let one = |id: i64| -> enums::ChatParticipant {
            if id == group.creator {
                return types::ChatParticipantCreator { user_id: id, rank: None }.into();
            }
            let member = &group.members[&id];
            let date = clock::seconds(member.joined_ms);
            types::ChatParticipant { user_id: id, inviter_id: member.inviter, date, rank: None }.into()
        };
        types::ChatParticipants {
            chat_id: -dialog,
            participants: group.present().map(one).collect(),
            version: group.version,
        }
        .into()
    }
}
