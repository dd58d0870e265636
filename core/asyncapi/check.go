package asyncapi

// validate says what is wrong with the options, which may be nil.
func (o *Options) validate() error {
	return nil
}
