var e=class extends Error{constructor(d,r,p,n=""){super(r);this.code=d;this.next=p;this.detail=n}code;next;detail;name="RingsideError"};export{e as RingsideError};
