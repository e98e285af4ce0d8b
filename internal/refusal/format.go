package refusal

// APIVersion is in every file of the exchange that is not PEM, and in every request id.
const APIVersion = "ca-exchange/v1"

// MaxEntry is the size of the largest file of the exchange that is read, in bytes; a larger one is EntryTooLarge.
const MaxEntry = 64 << 10
