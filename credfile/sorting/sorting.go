// Package sorting sorts slices of structures by one piece of code: slices.SortFunc
// is compiled anew for each type, which makes the program larger.
package sorting

import "sort"

// By sorts; what is equal stays in its order.
func By[T any](s []T, cmp func(a, b T) int) {
	sort.SliceStable(s, func(i, j int) bool { return cmp(s[i], s[j]) < 0 })
}
