//! Numbers: Telegram's prime, primes for RSA and for `pq`.

use std::sync::LazyLock;

use num_bigint::BigUint;

use super::random;

/// The generator that goes with [`prime`].
pub const GENERATOR: u32 = 3;

/// Telegram's own 2048-bit safe prime. Clients know it and skip their slow test.
///
/// Source: <https://core.telegram.org/mtproto/security_guidelines>, "known good" in the stock clients.
static PRIME: LazyLock<BigUint> = LazyLock::new(|| {
    BigUint::parse_bytes(
        b"c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e\
          0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d\
          5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0e\
          f1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed7005\
          0ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
        16,
    )
    .expect("a number in hexadecimal")
});

/// The prime for the key exchange and for passwords.
pub fn prime() -> &'static BigUint {
    &PRIME
}

/// `number` as exactly 256 bytes, highest first. Longer numbers lose their highest bytes.
pub fn bytes_256(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut padded = [0; 256];
    let length = bytes.len().min(256);
    padded[256 - length..].copy_from_slice(&bytes[bytes.len() - length..]);
    padded
}

/// Whether a public value of a Diffie-Hellman exchange is one that the security guidelines let through.
///
/// Source: <https://core.telegram.org/mtproto/security_guidelines#g-a-and-g-b-validation>.
pub fn in_range(value: &BigUint) -> bool {
    let margin = BigUint::from(1_u8) << 1984_u32;
    value >= &margin && value <= &(prime() - margin)
}

/// A random prime of exactly `bytes` bytes with its two highest bits set, so that two of them make a full-length product.
pub fn random_prime<const BYTES: usize>() -> BigUint {
    loop {
        let mut bytes = random::<BYTES>();
        bytes[0] |= 0xc0;
        bytes[BYTES - 1] |= 1;
        let candidate = BigUint::from_bytes_be(&bytes);
        if is_probably_prime(&candidate) {
            return candidate;
        }
    }
}

/// Two random primes of 31 bits, the lower one first: their product is what a client has to factorise.
pub fn small_primes() -> (u32, u32) {
    let one = || loop {
        let candidate = u32::from_le_bytes(random()) >> 1 | 1 << 30 | 1;
        if is_prime(u64::from(candidate)) {
            return candidate;
        }
    };
    loop {
        let (p, q) = (one(), one());
        if p != q {
            return (p.min(q), p.max(q));
        }
    }
}

/// Miller and Rabin's test with the bases that decide it for every number below 3,215,031,751.
fn is_prime(number: u64) -> bool {
    let power = |mut base: u64, mut exponent: u64| {
        let mut result = 1;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result * base % number;
            }
            base = base * base % number;
            exponent >>= 1;
        }
        result
    };
    let twos = (number - 1).trailing_zeros();
    [2, 3, 5, 7].into_iter().all(|base| {
        let mut x = power(base, (number - 1) >> twos);
        x == 1
            || (0..twos).any(|_| {
                let found = x == number - 1;
                x = x * x % number;
                found
            })
    })
}

fn is_probably_prime(number: &BigUint) -> bool {
    let one = BigUint::from(1_u8);
    let divides = |small: u32| number % small == BigUint::ZERO;
    if (3..2000_u32).step_by(2).any(divides) {
        return false;
    }
    let less_one = number - &one;
    let twos = less_one.trailing_zeros().unwrap_or(0);
    let odd = &less_one >> twos;
    // Twenty random bases: the chance of an error is below 4^-20, for a key that guards nothing.
    (0..20).all(|_| {
        let base = BigUint::from_bytes_be(&random::<64>()) + 2_u8;
        let mut x = base.modpow(&odd, number);
        x == one
            || (0..twos).any(|_| {
                let found = x == less_one;
                x = &x * &x % number;
                found
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_primes_are_prime_and_their_product_has_eight_bytes() {
        for _ in 0..20 {
            let (p, q) = small_primes();
            assert!(p < q);
            for prime in [p, q] {
                assert!((2..=46_341).all(|divisor| prime % divisor != 0), "{prime} is no prime");
            }
            assert_eq!((u64::from(p) * u64::from(q)).leading_zeros() / 8, 0);
        }
    }

    #[test]
    fn known_primes_and_composites_are_told_apart() {
        assert!(is_probably_prime(prime()));
        assert!(!is_probably_prime(&(prime() * 3_u8)));
        assert!(is_prime(2_147_483_647));
        assert!(!is_prime(2_147_483_649));
    }

    #[test]
    fn edges_of_the_range_are_refused() {
        assert!(!in_range(&BigUint::from(1_u8)));
        assert!(!in_range(&(prime() - 1_u8)));
        assert!(in_range(&(prime() >> 1_u32)));
    }
}
