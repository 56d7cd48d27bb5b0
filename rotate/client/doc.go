// Package client is the way to AWS: it connects as the shared files say, signs
// each call with the pair or signer that it is given, and tells what AWS's answer
// means for a key. It decides nothing, prints nothing and holds no key.
package client
