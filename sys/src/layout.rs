//! Layouts on 32-bit targets, checked whenever the crate is compiled for one.

/// Asserts a size per type and an offset per field, on the ABIs that align 64-bit integers to 8 bytes (i386 Linux,
/// with 4, is the exception).
#[cfg(target_pointer_width = "32")]
macro_rules! ilp32 {
    ($($type:ident: $size:tt { $($field:ident: $offset:expr,)* })*) => {
        $(const _: () = {
            if align_of::<u64>() == 8 {
                assert!(size_of::<crate::$type>() == $size, concat!("size of ", stringify!($type)));
                $(assert!(
                    core::mem::offset_of!(crate::$type, $field) == $offset,
                    concat!("offset of ", stringify!($type), ".", stringify!($field))
                );)*
            }
        };)*
    };
}

#[cfg(target_pointer_width = "32")]
include!("ilp32.rs");
