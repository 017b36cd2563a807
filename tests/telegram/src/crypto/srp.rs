//! The server's side of the password check.
//!
//! Source: <https://core.telegram.org/api/srp>.

use num_bigint::BigUint;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha512;

use super::{number, random, sha256};

/// What the server keeps of a password: enough to check it, not to know it.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The first salt.
    pub salt1: [u8; 32],
    /// The second salt.
    pub salt2: [u8; 16],
    /// `v` in the description.
    v: BigUint,
}

/// One attempt to sign in: the server's secret and what the client was told of it.
#[derive(Debug, Clone)]
pub struct Challenge {
    secret: BigUint,
    /// `srp_B`.
    pub public: [u8; 256],
}

impl Verifier {
    /// Derives what to keep from a password. Slow by design.
    pub fn new(password: &str) -> Self {
        let (salt1, salt2) = (random(), random());
        let salted = |data: &[u8], salt: &[u8]| sha256(&[salt, data, salt]);
        let once = salted(&salted(password.as_bytes(), &salt1), &salt2);
        let mut stretched = [0; 64];
        pbkdf2_hmac::<Sha512>(&once, &salt1, 100_000, &mut stretched);
        let x = BigUint::from_bytes_be(&salted(&stretched, &salt2));
        Self { salt1, salt2, v: generator().modpow(&x, number::prime()) }
    }

    /// Starts an attempt.
    pub fn challenge(&self) -> Challenge {
        let secret = BigUint::from_bytes_be(&random::<256>());
        let public =
            (multiplier() * &self.v + generator().modpow(&secret, number::prime())) % number::prime();
        Challenge { secret, public: number::bytes_256(&public) }
    }

    /// Whether the client's answer to `challenge` proves that it knows the password.
    pub fn proves(&self, challenge: &Challenge, client_public: &[u8], proof: &[u8]) -> bool {
        let a = BigUint::from_bytes_be(client_public);
        if client_public.len() > 256 || !number::in_range(&a) {
            return false;
        }
        let a_bytes = number::bytes_256(&a);
        let prime = number::prime();
        let u = BigUint::from_bytes_be(&sha256(&[&a_bytes, &challenge.public]));
        let shared = (a * self.v.modpow(&u, prime)).modpow(&challenge.secret, prime);
        let key = sha256(&[&number::bytes_256(&shared)]);
        let (p, g) = (sha256(&[&number::bytes_256(prime)]), sha256(&[&number::bytes_256(&generator())]));
        let mixed: [u8; 32] = std::array::from_fn(|i| p[i] ^ g[i]);
        let (salt1, salt2) = (sha256(&[&self.salt1]), sha256(&[&self.salt2]));
        proof == sha256(&[&mixed, &salt1, &salt2, &a_bytes, &challenge.public, &key])
    }
}

fn generator() -> BigUint {
    BigUint::from(number::GENERATOR)
}

fn multiplier() -> BigUint {
    let parts = [number::bytes_256(number::prime()), number::bytes_256(&generator())];
    BigUint::from_bytes_be(&sha256(&[&parts[0], &parts[1]]))
}

#[cfg(test)]
mod tests {
    use grammers_crypto::two_factor_auth::calculate_2fa;

    use super::*;

    #[test]
    fn right_password_proves_and_wrong_one_does_not() {
        let verifier = Verifier::new("correct horse");
        let challenge = verifier.challenge();
        let prime = number::bytes_256(number::prime());
        let check = |password: &str| {
            let (proof, public) = calculate_2fa(
                &verifier.salt1,
                &verifier.salt2,
                &prime,
                &3,
                challenge.public.to_vec(),
                vec![0x55; 256],
                password,
            );
            verifier.proves(&challenge, &public, &proof)
        };
        assert!(check("correct horse"));
        assert!(!check("wrong horse"));
        assert!(!verifier.proves(&challenge, &[], &[]));
        assert!(!verifier.proves(&challenge, &[0xff; 300], &[0; 32]));
    }
}
