//! The TCP transports of MTProto, as pure encoders and decoders.
//!
//! Source: <https://core.telegram.org/mtproto/mtproto-transports>. Which one a client speaks is told by its
//! first bytes. Nothing here panics, whatever the bytes are.

use flate2::Crc;
use grammers_crypto::ObfuscatedCipher;
use rand::RngCore;

/// The largest packet that is accepted: a full container of a client is about one megabyte.
pub const PACKET_BYTES_MAX: usize = 4 << 20;

/// How packets are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Length, sequence number, payload, CRC-32.
    Full,
    /// Length in words, in one byte or four.
    Abridged,
    /// Length in four bytes.
    Intermediate,
    /// The same, with up to 15 random bytes behind the payload.
    Padded,
}

/// A transport: the framing, and whether it is obfuscated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// How packets are framed.
    pub framing: Framing,
    /// Whether all bytes go through AES-CTR (obfuscated2).
    pub obfuscated: bool,
}

impl Transport {
    /// The name that the list of sessions shows.
    pub const fn name(self) -> &'static str {
        match (self.framing, self.obfuscated) {
            (Framing::Full, _) => "full",
            (Framing::Abridged, false) => "abridged",
            (Framing::Abridged, true) => "obfuscated abridged",
            (Framing::Intermediate, false) => "intermediate",
            (Framing::Intermediate, true) => "obfuscated intermediate",
            (Framing::Padded, false) => "padded intermediate",
            (Framing::Padded, true) => "obfuscated padded intermediate",
        }
    }
}

/// Bytes that are no transport's. The connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The obfuscation header names no framing.
    #[error("the first 64 bytes are no known transport's")]
    UnknownTransport,
    /// A length below the transport's least or above [`PACKET_BYTES_MAX`].
    #[error("a packet of {0} bytes")]
    Length(usize),
    /// The full transport counts its packets.
    #[error("packet {got} came where {expected} was expected")]
    Sequence {
        /// Which number should have come.
        expected: u32,
        /// Which one came.
        got: u32,
    },
    /// The full transport's checksum is wrong.
    #[error("checksum of a packet is wrong")]
    Checksum,
}

/// Turns the bytes of a client into packets.
pub struct Decoder {
    buffer: Vec<u8>,
    transport: Option<Transport>,
    header: [u8; 64],
    cipher: Option<ObfuscatedCipher>,
    sequence: u32,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { buffer: Vec::new(), transport: None, header: [0; 64], cipher: None, sequence: 0 }
    }
}

impl Decoder {
    /// A decoder at the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they come from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        if let Some(cipher) = &mut self.cipher {
            // The cipher is named from the client's side: what the client encrypts is decrypted by the same stream.
            cipher.encrypt(&mut self.buffer[start..]);
        }
    }

    /// Which transport the client chose, as soon as that is known.
    pub fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// The encoder for the way back, as soon as the transport is known.
    pub fn encoder(&self) -> Option<Encoder> {
        self.transport.map(|transport| Encoder {
            transport,
            cipher: transport.obfuscated.then(|| ObfuscatedCipher::new(&self.header)),
            sequence: 0,
        })
    }

    /// The next whole packet, if there is one.
    ///
    /// # Errors
    /// The bytes are no packet of this transport; the connection has to be closed.
    pub fn next_packet(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let framing = match self.transport {
            Some(transport) => transport.framing,
            None => match self.detect()? {
                Some(transport) => transport.framing,
                None => return Ok(None),
            },
        };
        match framing {
            Framing::Full => self.full(),
            Framing::Abridged => self.abridged(),
            Framing::Intermediate | Framing::Padded => self.intermediate(framing == Framing::Padded),
        }
    }

    fn detect(&mut self) -> Result<Option<Transport>, Error> {
        let bare = |framing| Transport { framing, obfuscated: false };
        let (skip, transport) = match self.buffer.as_slice() {
            [0xef, ..] => (1, bare(Framing::Abridged)),
            [0xee, 0xee, 0xee, 0xee, ..] => (4, bare(Framing::Intermediate)),
            [0xdd, 0xdd, 0xdd, 0xdd, ..] => (4, bare(Framing::Padded)),
            // The first packet of the full transport has the number 0; no obfuscation header may look like that.
            [_, _, _, _, 0, 0, 0, 0, ..] => (0, bare(Framing::Full)),
            header if header.len() >= 64 => {
                self.header.copy_from_slice(&header[..64]);
                let mut cipher = ObfuscatedCipher::new(&self.header);
                cipher.encrypt(&mut self.buffer);
                let framing = match self.buffer[56..60] {
                    [0xef, 0xef, 0xef, 0xef] => Framing::Abridged,
                    [0xee, 0xee, 0xee, 0xee] => Framing::Intermediate,
                    [0xdd, 0xdd, 0xdd, 0xdd] => Framing::Padded,
                    _ => return Err(Error::UnknownTransport),
                };
                self.cipher = Some(cipher);
                (64, Transport { framing, obfuscated: true })
            }
            _ => return Ok(None),
        };
        self.buffer.drain(..skip);
        self.transport = Some(transport);
        Ok(Some(transport))
    }

    /// Takes `total` bytes off the buffer and of these `payload`, if they are all there.
    fn take(&mut self, total: usize, payload: std::ops::Range<usize>) -> Option<Vec<u8>> {
        if self.buffer.len() < total {
            return None;
        }
        let packet = self.buffer[payload].to_vec();
        self.buffer.drain(..total);
        Some(packet)
    }

    fn word(&self) -> Option<u32> {
        self.buffer.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn full(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(length) = self.word() else { return Ok(None) };
        let length = length as usize;
        if !(12..=PACKET_BYTES_MAX).contains(&length) {
            return Err(Error::Length(length));
        }
        let Some(frame) = self.take(length, 0..length) else { return Ok(None) };
        let number = |at: usize| u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        let got = number(4);
        if got != self.sequence {
            return Err(Error::Sequence { expected: self.sequence, got });
        }
        if number(length - 4) != crc32(&frame[..length - 4]) {
            return Err(Error::Checksum);
        }
        self.sequence = self.sequence.wrapping_add(1);
        Ok(Some(frame[8..length - 4].to_vec()))
    }

    fn abridged(&mut self) -> Result<Option<Vec<u8>>, Error> {
        // The highest bit asks for a quick acknowledgement, which a server may leave out.
        let (head, words) = match self.buffer.as_slice() {
            [first, a, b, c, ..] if first & 0x7f == 0x7f => (4, u32::from_le_bytes([*a, *b, *c, 0])),
            [first, ..] if first & 0x7f != 0x7f => (1, u32::from(first & 0x7f)),
            _ => return Ok(None),
        };
        let length = words as usize * 4;
        if !(4..=PACKET_BYTES_MAX).contains(&length) {
            return Err(Error::Length(length));
        }
        Ok(self.take(head + length, head..head + length))
    }

    fn intermediate(&mut self, padded: bool) -> Result<Option<Vec<u8>>, Error> {
        let Some(length) = self.word() else { return Ok(None) };
        let length = (length & 0x7fff_ffff) as usize;
        if !(4..=PACKET_BYTES_MAX).contains(&length) {
            return Err(Error::Length(length));
        }
        let Some(mut packet) = self.take(4 + length, 4..4 + length) else { return Ok(None) };
        if padded {
            packet.truncate(unpadded_length(&packet));
        }
        Ok(Some(packet))
    }
}

/// How much of a packet of the padded transport is no padding.
fn unpadded_length(packet: &[u8]) -> usize {
    let length = packet.len();
    match packet.first_chunk::<8>() {
        // Unencrypted: key id 0, message id, length.
        Some([0, 0, 0, 0, 0, 0, 0, 0]) if length >= 20 => {
            let data = u32::from_le_bytes([packet[16], packet[17], packet[18], packet[19]]) as usize;
            length.min(data.saturating_add(20))
        }
        // Encrypted: key id and message key, then whole AES blocks.
        Some(_) if length >= 24 => length - (length - 24) % 16,
        _ => length,
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Turns packets into the bytes for a client.
pub struct Encoder {
    transport: Transport,
    cipher: Option<ObfuscatedCipher>,
    sequence: u32,
}

impl Encoder {
    /// Frames one packet, whose length is a multiple of four.
    pub fn encode(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(packet.len() + 32);
        let length = u32::try_from(packet.len()).expect("packets are far below 4 GiB");
        match self.transport.framing {
            Framing::Full => {
                bytes.extend((length + 12).to_le_bytes());
                bytes.extend(self.sequence.to_le_bytes());
                bytes.extend(packet);
                let checksum = crc32(&bytes);
                bytes.extend(checksum.to_le_bytes());
                self.sequence = self.sequence.wrapping_add(1);
            }
            Framing::Abridged => {
                match u8::try_from(length / 4) {
                    Ok(words @ 0..0x7f) => bytes.push(words),
                    _ => bytes.extend(((length / 4) << 8 | 0x7f).to_le_bytes()),
                }
                bytes.extend(packet);
            }
            Framing::Intermediate => {
                bytes.extend(length.to_le_bytes());
                bytes.extend(packet);
            }
            Framing::Padded => {
                let mut padding = [0; 15];
                rand::rng().fill_bytes(&mut padding);
                let extra = padding[0] % 16;
                bytes.extend((length + u32::from(extra)).to_le_bytes());
                bytes.extend(packet);
                bytes.extend(&padding[..extra as usize]);
            }
        }
        self.hide(bytes)
    }

    /// A transport error, such as -404 for a key that the server does not know.
    ///
    /// The full transport has no frame for it: clients read 12 bytes or 4 before they look, so the number is
    /// written three times. Both grammers and Telethon then see a negative length.
    pub fn error(&mut self, code: i32) -> Vec<u8> {
        match self.transport.framing {
            Framing::Full => self.hide(code.to_le_bytes().repeat(3)),
            // No padding: four bytes are how the client knows an error.
            Framing::Padded => {
                let mut bytes = 4_u32.to_le_bytes().to_vec();
                bytes.extend(code.to_le_bytes());
                self.hide(bytes)
            }
            Framing::Abridged | Framing::Intermediate => self.encode(&code.to_le_bytes()),
        }
    }

    fn hide(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if let Some(cipher) = &mut self.cipher {
            // Named from the client's side, as in `Decoder::feed`.
            cipher.decrypt(&mut bytes);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
