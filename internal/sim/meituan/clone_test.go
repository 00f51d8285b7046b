package meituan

import (
	"reflect"
	"testing"
)

// TestACopyOfAnOrderSharesNothing fills every field of an order, so that a new one that
// the copy forgets is found.
func TestACopyOfAnOrderSharesNothing(t *testing.T) {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem())
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0))
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(k)
			fill(e)
			v.SetMapIndex(k, e)
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Float64:
			v.SetFloat(1)
		default:
			v.SetInt(1)
		}
	}
	var o Order
	fill(reflect.ValueOf(&o).Elem())
	c := o.clone()
	if !reflect.DeepEqual(&o, c) {
		t.Fatalf("the copy is %+v, the order %+v", c, &o)
	}
	var apart func(path string, a, b reflect.Value)
	apart = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice:
			if a.Pointer() == b.Pointer() {
				t.Errorf("%s is shared", path)
			}
			if a.Kind() == reflect.Pointer {
				apart(path, a.Elem(), b.Elem())
			} else if a.Kind() == reflect.Slice {
				apart(path, a.Index(0), b.Index(0))
			}
		case reflect.Struct:
			for i := range a.NumField() {
				apart(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	}
	apart("Order", reflect.ValueOf(&o).Elem(), reflect.ValueOf(c).Elem())
}
