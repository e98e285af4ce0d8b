// Package refusal says what is wrong with a request: the codes of broken rules with their outcome, meaning and hint,
// and the notice that carries them to the outbox. A refusal is data, not an error. Everything in it that came from the
// exchange is quoted to ASCII when it is made.
package refusal
