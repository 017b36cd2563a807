use proptest::prelude::*;

use super::*;

/// What a client writes first, and its two directions.
struct Client {
    opening: Vec<u8>,
    framing: Framing,
    cipher: Option<ObfuscatedCipher>,
}

impl Client {
    fn new(framing: Framing, obfuscated: bool) -> Self {
        let tag: &[u8] = match framing {
            Framing::Full => &[],
            Framing::Abridged => &[0xef],
            Framing::Intermediate => &[0xee; 4],
            Framing::Padded => &[0xdd; 4],
        };
        if !obfuscated {
            return Self { opening: tag.to_vec(), framing, cipher: None };
        }
        let mut header: [u8; 64] = std::array::from_fn(|i| u8::try_from(i).unwrap() + 1);
        header[56..60].copy_from_slice(&[tag[0]; 4]);
        let mut cipher = ObfuscatedCipher::new(&header);
        let mut hidden = header;
        cipher.encrypt(&mut hidden);
        header[56..].copy_from_slice(&hidden[56..]);
        Self { opening: header.to_vec(), framing, cipher: Some(cipher) }
    }

    fn send(&mut self, packets: &[Vec<u8>]) -> Vec<u8> {
        let mut encoder = Encoder {
            transport: Transport { framing: self.framing, obfuscated: false },
            cipher: None,
            sequence: 0,
        };
        let mut bytes: Vec<u8> = packets.iter().flat_map(|packet| encoder.encode(packet)).collect();
        if let Some(cipher) = &mut self.cipher {
            cipher.encrypt(&mut bytes);
        }
        [std::mem::take(&mut self.opening), bytes].concat()
    }
}

/// An encrypted packet's shape: key id, message key, whole blocks.
fn packet(blocks: usize, fill: u8) -> Vec<u8> {
    [vec![1; 24], vec![fill; blocks * 16]].concat()
}

fn every_transport() -> impl Strategy<Value = (Framing, bool)> {
    prop_oneof![
        Just((Framing::Full, false)),
        (
            prop_oneof![Just(Framing::Abridged), Just(Framing::Intermediate), Just(Framing::Padded)],
            any::<bool>()
        )
    ]
}

proptest! {
    #[test]
    fn packets_survive_any_cut_of_the_stream(
        (framing, obfuscated) in every_transport(),
        packets in prop::collection::vec((1_usize..60, any::<u8>()), 1..5),
        step in 1_usize..80,
    ) {
        let packets: Vec<_> = packets.into_iter().map(|(blocks, fill)| packet(blocks, fill)).collect();
        let mut decoder = Decoder::new();
        let mut got = Vec::new();
        for chunk in Client::new(framing, obfuscated).send(&packets).chunks(step) {
            decoder.feed(chunk);
            while let Some(packet) = decoder.next_packet().unwrap() {
                got.push(packet);
            }
        }
        prop_assert_eq!(got, packets);
        prop_assert_eq!(decoder.transport(), Some(Transport { framing, obfuscated }));
    }

    #[test]
    fn answers_are_what_the_client_reads((framing, obfuscated) in every_transport(), blocks in 1_usize..60) {
        let mut client = Client::new(framing, obfuscated);
        let mut decoder = Decoder::new();
        decoder.feed(&client.send(&[packet(1, 7)]));
        decoder.next_packet().unwrap();
        let mut bytes = decoder.encoder().unwrap().encode(&packet(blocks, 9));
        if let Some(cipher) = &mut client.cipher {
            cipher.decrypt(&mut bytes);
        }
        let mut reader =
            Decoder { transport: Some(Transport { framing, obfuscated: false }), ..Decoder::default() };
        reader.feed(&bytes);
        prop_assert_eq!(reader.next_packet().unwrap(), Some(packet(blocks, 9)));
    }

    #[test]
    fn random_bytes_never_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        let mut decoder = Decoder::new();
        for chunk in chunks {
            decoder.feed(&chunk);
            while let Ok(Some(_)) = decoder.next_packet() {}
        }
    }

    #[test]
    fn random_bytes_behind_a_good_opening_never_panic(
        (framing, obfuscated) in every_transport(),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut decoder = Decoder::new();
        decoder.feed(&Client::new(framing, obfuscated).send(&[packet(1, 7)]));
        decoder.feed(&bytes);
        while let Ok(Some(_)) = decoder.next_packet() {}
    }
}

#[test]
fn full_transport_refuses_a_wrong_checksum_and_a_wrong_number() {
    let good = Client::new(Framing::Full, false).send(&[packet(1, 7), packet(1, 8)]);
    let check = |bytes: &[u8], expected: Error| {
        let mut decoder = Decoder::new();
        decoder.feed(bytes);
        decoder.next_packet().map(|_| decoder.next_packet()).and_then(|second| second).unwrap_err()
            == expected
    };
    let mut broken = good.clone();
    broken[20] ^= 1;
    assert!(check(&broken, Error::Checksum));
    let once_more = [&good[..52], &good[..52]].concat();
    assert!(check(&once_more, Error::Sequence { expected: 1, got: 0 }));
}

#[test]
fn full_transport_tells_an_error_three_times() {
    let transport = Transport { framing: Framing::Full, obfuscated: false };
    let mut encoder = Encoder { transport, cipher: None, sequence: 0 };
    assert_eq!(encoder.error(-404), (-404_i32).to_le_bytes().repeat(3));
}
