//! The seed's examples lint as its text says.

use troupe_engine::{GroupOutcome, lint::Code};

use super::{codes, finding, in_rules, outcomes};
use crate::superbot::examples::{A_AND_B_OR_C, KYC_WALLET, REACTIONS};

#[test]
fn the_first_example_is_fine() {
    assert!(in_rules(A_AND_B_OR_C).is_empty(), "{:#?}", in_rules(A_AND_B_OR_C));
}

#[test]
fn the_fenced_message_is_fine_but_no_text_leads_to_it() {
    let findings = in_rules(KYC_WALLET);
    assert!(!codes(&findings).iter().any(|code| ["R201", "R202"].contains(code)), "{findings:#?}");
    let found = finding(&findings, Code::R203);
    assert_eq!(found.field, "/triggers/kyc wallet/triggers/1/onFailMsg");
    finding(&findings, Code::R104);
}

/// The second example, with a format that not every text has.
fn strict() -> String {
    KYC_WALLET.replace(r"\\S*", "^0x[0-9a-f]{4}$")
}

/// "If "status check" subgroup didn't exist in this trigger, then the "onFailMsg" of "format check" would always be sent
/// to the user if all trigger groups before "kyc wallet" would evaluate as false, eclipsing the subsequent ones."
#[test]
fn without_the_fence_the_group_behind_is_eclipsed_for_sure() {
    let strict = strict();
    assert!(!codes(&in_rules(&strict)).iter().any(|code| code.starts_with("R2")), "{:#?}", in_rules(&strict));
    let from = strict.find("\"triggerType\": \"DictionaryVariable\"").unwrap() - 1;
    let begins = strict[..from].rfind('{').unwrap();
    let ends = begins + strict[begins..].find("},\n                {").unwrap() + 2;
    let rules = format!("{}{}", &strict[..begins], &strict[ends..]);
    let findings = in_rules(&rules);
    let found = finding(&findings, Code::R201);
    assert!(found.message.starts_with("\"behind\" behind it never fires"), "{found:#?}");
    let witness = found.witness.as_ref().unwrap();
    assert_eq!(witness.text, "hello");
    let outcomes = outcomes(&rules, witness);
    assert!(matches!(outcomes["kyc wallet"], GroupOutcome::Failed { message: true, .. }), "{outcomes:?}");
}

/// "but the previous subgroups don't provide a fence for S where it is only evaluated when T is definitely the
/// _`TriggerGroup`_ in question, then it is possible that subsequent _`TriggerGroup`_ eclipsing may occur but only
/// occasionally"
#[test]
fn a_fence_that_nearly_everybody_passes_is_none() {
    let rules = strict().replace(
        "\"value\": \"need wallet\"\n                    },\n                    \"modifier\": 0,",
        "\"value\": null\n},\"modifier\": 0,",
    );
    let findings = in_rules(&rules);
    let found = finding(&findings, Code::R202);
    let witness = found.witness.as_ref().unwrap();
    let outcomes = outcomes(&rules, witness);
    assert!(matches!(outcomes["kyc wallet"], GroupOutcome::Failed { message: true, .. }), "{outcomes:?}");
}

#[test]
fn the_third_example_says_where_the_program_differed() {
    let findings = in_rules(REACTIONS);
    assert_eq!(codes(&findings), ["R501", "R504", "R403"], "{findings:#?}");
}
