package home

import "golang.org/x/sys/windows/registry"

// machineID is what Windows made when it was installed. A 32-bit program sees it
// in the 64-bit registry alone.
func machineID() string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer k.Close()
	id, _, _ := k.GetStringValue("MachineGuid") // none is an empty one
	return id
}
