//! Rows as ClickHouse's format `RowBinary` has them: the values of the columns, one after the other.
//!
//! The client library makes this of a row while it sends it. Here it is made when an event has been read, beside the
//! insert that is under way, and a repeated insert sends the same bytes.
//!
//! Source: <https://clickhouse.com/docs/interfaces/formats/RowBinary>.

/// A value of a column.
pub(crate) trait Pack {
    /// Adds it to those before it.
    fn pack(&self, into: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Pack for $number {
            fn pack(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(&self.to_le_bytes());
            }
        })*
    };
}
numbers!(u16, u32, u64, i32, i64);

impl Pack for bool {
    fn pack(&self, into: &mut Vec<u8>) {
        into.push(u8::from(*self));
    }
}

/// Its length in LEB128, then its bytes.
impl Pack for &str {
    fn pack(&self, into: &mut Vec<u8>) {
        let mut rest = self.len();
        while rest > 0x7f {
            into.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        into.push(rest.to_le_bytes()[0]);
        into.extend_from_slice(self.as_bytes());
    }
}

impl Pack for String {
    fn pack(&self, into: &mut Vec<u8>) {
        self.as_str().pack(into);
    }
}

/// `Nullable`: whether there is none, then the value.
impl<T: Pack> Pack for Option<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        self.is_none().pack(into);
        if let Some(value) = self {
            value.pack(into);
        }
    }
}

/// Declares a row: a struct whose fields are the columns, in their order.
macro_rules! row {
    (
        $(#[$of_row:meta])*
        $row_is:vis struct $row:ident { $($(#[$of_column:meta])* $column_is:vis $column:ident: $value:ty,)* }
    ) => {
        $(#[$of_row])*
        $row_is struct $row { $($(#[$of_column])* $column_is $column: $value,)* }

        impl $row {
            /// Its columns.
            pub(crate) const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];
        }

        impl crate::packed::Pack for $row {
            fn pack(&self, into: &mut Vec<u8>) {
                $(self.$column.pack(into);)*
            }
        }
    };
}
pub(crate) use row;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &impl Pack, expected: &[u8]) {
        let mut packed = vec![7];
        value.pack(&mut packed);
        assert_eq!(packed, [&[7], expected].concat());
    }

    #[test]
    fn values_are_as_clickhouse_documents_them() {
        check(&-2_i32, &[0xfe, 0xff, 0xff, 0xff]);
        check(&0x0102_u16, &[2, 1]);
        check(&true, &[1]);
        check(&"", &[0]);
        check(&"hé", &[3, b'h', 0xc3, 0xa9]);
        check(&None::<u64>, &[1]);
        check(&Some(5_u32), &[0, 5, 0, 0, 0]);
    }

    #[test]
    fn lengths_take_seven_bits_of_a_byte() {
        for (length, packed) in
            [(127, vec![0x7f]), (128, vec![0x80, 1]), (300, vec![0xac, 2]), (16_384, vec![0x80, 0x80, 1])]
        {
            let text = "x".repeat(length);
            check(&text, &[packed, text.clone().into_bytes()].concat());
        }
    }

    row! {
        struct Pair {
            first: u16,
            second: Option<bool>,
        }
    }

    #[test]
    fn a_row_is_its_columns_in_their_order() {
        assert_eq!(Pair::COLUMNS, ["first", "second"]);
        check(&Pair { first: 1, second: Some(true) }, &[1, 0, 0, 1]);
    }
}
